// Sending to many sessions takes long: each message is at least a call of the operating system. In one turn of the event loop only so much
// is sent; the rest follows in later turns, session by session, while others are served.

import { type Frame, lengthOf } from '../parted-output.ts';

/** The waiting messages of a session. */
export interface Waiting {
  /** Sends them. Returns how many characters that were. */
  flush(): number;
}

/** What a call of the operating system costs, in characters that are copied in the same time. */
const costOfSend = 25_000;
/** Sent in one turn: takes about 20 ms. */
const costOfTurn = 200 * costOfSend;
/** More characters do not wait: as output that clients have not read, they count against limits. */
const maxWaiting = 64 * 1024 * 1024;

export class SendTurns {
  readonly #waiting = new Set<Waiting>();
  /** Of what was sent in this turn. */
  #cost = 0;
  #waitingLength = 0;
  #last: Frame | undefined;
  #isScheduled = false;

  /** Whether a message may be sent in this turn; counts it if so. */
  admit(frame: Frame): boolean {
    if (this.#cost > costOfTurn) return false;
    this.#cost += costOfSend + lengthOf(frame);
    this.#schedule();
    return true;
  }

  /** Sends the messages in a later turn, after those of others that wait already. */
  enqueue(waiting: Waiting): void {
    this.#waiting.add(waiting);
    this.#schedule();
  }

  /** A message waits. One for many sessions is in memory once. */
  count(message: Frame): void {
    if (message === this.#last) return;
    this.#last = message;
    this.#waitingLength += lengthOf(message);
    if (this.#waitingLength > maxWaiting) this.#flush(Infinity);
  }

  /** Resolves when everything that waits now has been sent, in a later turn. */
  sent(): Promise<void> {
    return new Promise((resolve) => {
      const flush = (): number => {
        resolve();
        return 0;
      };
      this.enqueue({ flush });
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush(costOfTurn);
      // Answers to others are not to wait for those that are left.
      this.#cost = 0;
      if (this.#waiting.size > 0) this.#schedule();
    });
  }

  #flush(maxCost: number): void {
    let cost = 0;
    for (const waiting of this.#waiting) {
      if (cost > maxCost) return;
      this.#waiting.delete(waiting);
      cost += costOfSend + waiting.flush();
    }
    this.#waitingLength = 0;
    this.#last = undefined;
  }
}
