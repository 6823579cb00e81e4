// Events with typed arguments. A listener that is removed while an event is delivered may still receive that event.

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the arguments of an event that is not known here
type Args = readonly any[];
type Listener<Of extends Args> = (...args: Of) => void;

export class Emitter<Events extends { readonly [Name in keyof Events]: Args }> {
  readonly #listeners = new Map<keyof Events, Set<Listener<Args>>>();

  /** Returns a function that removes the listener. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#listeners.delete(name);
    };
  }

  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(...args);
  }

  has<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): boolean {
    return this.#listeners.get(name)?.has(listener) ?? false;
  }

  clear(): void {
    for (const listeners of this.#listeners.values()) listeners.clear();
    this.#listeners.clear();
  }
}
