// One object per room name: held strongly while the room is joined or has listeners, and weakly afterwards, so that the program always gets the same
// object as long as it keeps one.

/** Above this number, unused rooms are held weakly. */
const mostIdle = 100;

export class RoomRegistry<Held extends object> {
  readonly #refs = new Map<string, WeakRef<Held>>();
  readonly #held = new Set<Held>();
  readonly #isInUse: (held: Held) => boolean;
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (this.#refs.get(name)?.deref() === undefined) this.#refs.delete(name);
  });
  #sweepAt = mostIdle;

  constructor(isInUse: (held: Held) => boolean) {
    this.#isInUse = isInUse;
  }

  get(name: string): Held | undefined {
    return this.#refs.get(name)?.deref();
  }

  getOrCreate(name: string, create: () => Held): Held {
    const known = this.get(name);
    if (known) {
      this.hold(known);
      return known;
    }
    const made = create();
    this.#refs.set(name, new WeakRef(made));
    this.#gone.register(made, name);
    this.hold(made);
    return made;
  }

  /** Holds a room that is about to be used. */
  hold(held: Held): void {
    if (this.#held.size >= this.#sweepAt) this.#sweep();
    this.#held.add(held);
  }

  all(): Held[] {
    return [...this.#refs.values()].flatMap((ref) => ref.deref() ?? []);
  }

  #sweep(): void {
    for (const held of this.#held) if (!this.#isInUse(held)) this.#held.delete(held);
    this.#sweepAt = Math.max(mostIdle, this.#held.size * 2);
  }
}
