// Events with types: who listens, and what they are told. Whoever comes or goes while an event is told is heeded from the next one on.

type Listener<Args extends readonly unknown[]> = (...args: Args) => void;

/** `Told`: what is told with each event, by its name. */
export class Events<Told extends { readonly [Name in keyof Told]: readonly unknown[] }> {
  readonly #listeners: { [Name in keyof Told]?: readonly Listener<Told[Name]>[] } = {};

  on<Name extends keyof Told>(name: Name, listener: Listener<Told[Name]>): void {
    this.#listeners[name] = [...this.listeners(name), listener];
  }

  off<Name extends keyof Told>(name: Name, listener: Listener<Told[Name]>): void {
    this.#listeners[name] = this.listeners(name).filter((each) => each !== listener);
  }

  emit<Name extends keyof Told>(name: Name, ...args: Told[Name]): void {
    for (const listener of this.listeners(name)) listener(...args);
  }

  listeners<Name extends keyof Told>(name: Name): readonly Listener<Told[Name]>[] {
    return this.#listeners[name] ?? [];
  }

  clear(): void {
    for (const name in this.#listeners) delete this.#listeners[name];
  }
}
