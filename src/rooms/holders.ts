// Who keeps a room joined: callers of `join()`, until they call `leave()`; and handles and components, until they release it. A join that fails
// takes its hold back; a handle keeps it, so that the room can be joined later.

export class Holders {
  #joined = 0;
  /** Their promise is pending. */
  #joining = 0;
  #handles = 0;

  get isNone(): boolean {
    return this.#joined + this.#joining + this.#handles === 0;
  }

  /** One more call of `join()`. */
  join(isJoined: boolean): void {
    if (isJoined) this.#joined += 1;
    else this.#joining += 1;
  }

  leave(): void {
    if (this.#joined > 0) this.#joined -= 1;
    else this.#joining = Math.max(0, this.#joining - 1);
  }

  joinsSucceeded(): void {
    this.#joined += this.#joining;
    this.#joining = 0;
  }

  joinsFailed(): void {
    this.#joining = 0;
  }

  /** Those who had joined before, too: the room was taken from them. */
  joinsRejected(): void {
    [this.#joined, this.#joining] = [0, 0];
  }

  /** Returns a function that releases the hold; its first call returns true. */
  hold(): () => boolean {
    this.#handles += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return false;
      isHeld = false;
      this.#handles = Math.max(0, this.#handles - 1);
      return true;
    };
  }

  clear(): void {
    [this.#joined, this.#joining, this.#handles] = [0, 0, 0];
  }
}
