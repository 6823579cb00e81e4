// Tracks the writes that are settled, here or in another tab, while the outbox is read from the store: their records are outdated.

export class Removals {
  readonly #tracked = new Set<Set<string>>();

  /** From now on, until `end` is called. */
  track(): { readonly removed: ReadonlySet<string>; readonly end: () => void } {
    const removed = new Set<string>();
    this.#tracked.add(removed);
    return { removed, end: () => void this.#tracked.delete(removed) };
  }

  add(eventId: string): void {
    for (const removed of this.#tracked) removed.add(eventId);
  }
}
