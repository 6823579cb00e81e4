// The servers that share the database: those present at the last poll, with how each receives messages, and those heard from since. Servers
// known in either way can disappear.

export interface Member {
  readonly id: string;
  readonly readsWal: boolean;
  /** Notifications do not reach it: it reads messages from the table. */
  readonly polls: boolean;
}

export class Membership {
  #all = new Map<string, Member>();
  /** Heard from since the last poll. */
  #seen = new Set<string>();
  /** Heard from before the last poll and not found in it, which may have been a moment too early. Kept until the next one. */
  #suspected = new Set<string>();
  #isKnown = false;

  /** A message arrived from a server. A poll may not have found it yet. */
  markSeen(id: string): void {
    this.#seen.add(id);
  }

  /**
   * Applies a poll. Reports servers that disappeared, and whether a server is new, was wrongly considered gone, or has begun to read messages
   * from the table: what was sent to it lately may be lost.
   */
  replace(members: readonly Member[]): { readonly gone: readonly string[]; readonly hasNewMember: boolean } {
    const before = this.#all;
    this.#all = new Map(members.map((member) => [member.id, member]));
    this.#isKnown = true;
    const gone = new Set([...before.keys(), ...this.#suspected].filter((id) => !this.#all.has(id)));
    this.#suspected = new Set([...this.#seen].filter((id) => !this.#all.has(id) && !gone.has(id)));
    this.#seen.clear();
    return { gone: [...gone], hasNewMember: members.some(({ id, polls }) => !before.has(id) || (polls && !before.get(id)?.polls)) };
  }

  remove(id: string): void {
    this.#all.delete(id);
    this.#seen.delete(id);
    this.#suspected.delete(id);
  }

  /** @returns all servers known before */
  clear(): string[] {
    const before = new Set([...this.#all.keys(), ...this.#seen, ...this.#suspected]);
    for (const id of before) this.remove(id);
    this.#isKnown = false;
    return [...before];
  }

  /** Whether another server reads messages from the table. */
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
