// Sending to many sessions takes long: each message is at least a call of the operating system. In one turn of the event loop only so much
// is sent; the rest follows in later turns, some of each session, while others are served. Sessions for which little waits come first.

import { type Frame, lengthOf } from '../parted-output.ts';

/** The waiting messages of a session. */
export interface Waiting {
  /** Their length in characters. */
  readonly length: number;
  /** Sends the first ones, up to a length. Returns how many characters that were. */
  flush(maxLength: number): number;
}

/** What a call of the operating system costs, in characters that are copied in the same time. */
const costOfSend = 25_000;
/** Sent in one turn: takes about 20 ms. */
const costOfTurn = 200 * costOfSend;
/** Of each session, before the next one has its turn. */
const shareLength = 512 * 1024;
const shortLength = 16 * 1024;
/** While more characters wait, each further message sends as many: as output that clients have not read, they count against limits. */
const maxHeld = 64 * 1024 * 1024;

export class SendTurns {
  readonly #waiting = new Set<Waiting>();
  /** How often each message waits. One for many sessions is in memory once. */
  readonly #held = new Map<Frame, number>();
  #heldLength = 0;
  /** Messages that ever waited, and those of them that were sent. */
  #counted = 0;
  #released = 0;
  #whenSent: { readonly counted: number; readonly resolve: () => void }[] = [];
  /** Of what was sent in this turn. */
  #cost = 0;
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

  /** A message waits. */
  count(message: Frame): void {
    this.#counted++;
    const times = this.#held.get(message) ?? 0;
    this.#held.set(message, times + 1);
    if (times === 0) this.#heldLength += lengthOf(message);
    if (this.#heldLength > maxHeld) this.#flush(costOfSend + lengthOf(message));
  }

  /** It does not wait any more. */
  release(message: Frame): void {
    this.#released++;
    const times = this.#held.get(message) ?? 0;
    if (times > 1) return void this.#held.set(message, times - 1);
    this.#held.delete(message);
    this.#heldLength -= lengthOf(message);
  }

  /** Resolves when as many messages have been sent as wait now, in a later turn. */
  sent(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenSent.push({ counted: this.#counted, resolve });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flushTurn();
      // Answers to others are not to wait for those that are left.
      this.#cost = 0;
      this.#whenSent = this.#whenSent.filter(({ counted, resolve }) => this.#released < counted || void resolve());
      if (this.#waiting.size + this.#whenSent.length > 0) this.#schedule();
    });
  }

  /** Those for which much waits have what the others leave. */
  #flushTurn(): void {
    const cost = this.#flush(costOfTurn, ({ length }) => length <= shortLength);
    this.#flush(costOfTurn - cost);
  }

  /** Each at most once. Returns what it cost. */
  #flush(maxCost: number, isDue: (waiting: Waiting) => boolean = () => true): number {
    let [cost, left] = [0, this.#waiting.size];
    for (const waiting of this.#waiting) {
      if (cost >= maxCost || left-- === 0) break;
      if (!isDue(waiting)) continue;
      // Behind the others, if it is not all.
      this.#waiting.delete(waiting);
      if (waiting.length === 0) continue;
      cost += costOfSend + waiting.flush(shareLength);
      if (waiting.length > 0) this.#waiting.add(waiting);
    }
    return cost;
  }
}
