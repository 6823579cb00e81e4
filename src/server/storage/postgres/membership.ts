// The servers that share the database: those that were seen at the last look, and how each hears of appends; and those that
// were only heard of since. Whoever is known in either way can be gone.

export interface Member {
  readonly id: string;
  readonly readsWal: boolean;
  /** Notifications do not reach it: it reads letters from the table. */
  readonly polls: boolean;
}

export class Membership {
  #all = new Map<string, Member>();
  /** Heard of since the last look. */
  #seen = new Set<string>();
  /** Heard of before it, and not seen in it: it may have looked a moment too early. They have until the next. */
  #suspected = new Set<string>();
  #isKnown = false;

  /** Somebody said something. A look may not have found it yet. */
  markSeen(id: string): void {
    this.#seen.add(id);
  }

  /** What a look found. Tells who is gone, and whether somebody is there who was not, or was taken to be gone. */
  replace(members: readonly Member[]): { readonly gone: readonly string[]; readonly hasNewMember: boolean } {
    const before = this.#all;
    this.#all = new Map(members.map((member) => [member.id, member]));
    this.#isKnown = true;
    const gone = new Set([...before.keys(), ...this.#suspected].filter((id) => !this.#all.has(id)));
    this.#suspected = new Set([...this.#seen].filter((id) => !this.#all.has(id) && !gone.has(id)));
    this.#seen.clear();
    return { gone: [...gone], hasNewMember: members.some(({ id }) => !before.has(id)) };
  }

  remove(id: string): void {
    this.#all.delete(id);
    this.#seen.delete(id);
    this.#suspected.delete(id);
  }

  /** @returns all there were */
  clear(): string[] {
    const before = new Set([...this.#all.keys(), ...this.#seen, ...this.#suspected]);
    for (const id of before) this.remove(id);
    this.#isKnown = false;
    return [...before];
  }

  /** Whether one of the others reads letters from the table. */
  get isPolled(): boolean {
    return [...this.#all.values()].some(({ polls }) => polls);
  }

  /** False only if it is certain. */
  get needNotifications(): boolean {
    if (!this.#isKnown) return true;
    for (const { readsWal } of this.#all.values()) if (!readsWal) return true;
    return false;
  }
}
