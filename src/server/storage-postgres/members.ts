// The servers that share the database, as far as they were seen lately, and how each hears of appends.

export interface Member {
  readonly id: string;
  readonly readsWal: boolean;
}

export class Members {
  #all = new Map<string, Member>();
  #isKnown = false;

  /** Who is gone, and whether somebody is there who was not, or was taken to be gone. */
  replace(members: readonly Member[]): { readonly gone: readonly string[]; readonly hasNewcomer: boolean } {
    const before = this.#all;
    this.#all = new Map(members.map((member) => [member.id, member]));
    this.#isKnown = true;
    return {
      gone: [...before.keys()].filter((id) => !this.#all.has(id)),
      hasNewcomer: members.some(({ id }) => !before.has(id)),
    };
  }

  /** @returns whether it was there */
  remove(id: string): boolean {
    return this.#all.delete(id);
  }

  /** @returns those there were */
  clear(): string[] {
    const before = [...this.#all.keys()];
    this.#all.clear();
    this.#isKnown = false;
    return before;
  }

  /** False only if it is certain. */
  get needNotices(): boolean {
    if (!this.#isKnown) return true;
    for (const { readsWal } of this.#all.values()) if (!readsWal) return true;
    return false;
  }
}
