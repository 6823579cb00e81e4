// Starts requests a few at a time, so that sessions are served between them: hundreds that arrive at once, however cheap each is, would
// otherwise all run before the next frame of a socket is read. Of those that wait, networks take turns.

/** A few milliseconds' worth. */
const perTurn = 8;

type Schedule = (run: () => void) => void;

export class RequestTurns {
  /** Calls later, after input that has arrived meanwhile was read. */
  readonly #schedule: Schedule;
  /** By network; the first is next. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #left = perTurn;
  #isScheduled = false;

  constructor(schedule: Schedule = setImmediate) {
    this.#schedule = schedule;
  }

  /** Calls `run` now if few requests have started in this turn. */
  start<T>(network: string, run: () => T | Promise<T>): T | Promise<T> {
    this.#scheduleNext();
    if (this.#waiting.size === 0 && this.#left > 0) {
      this.#left--;
      return run();
    }
    return new Promise<T>((resolve, reject) => {
      const queue = this.#waiting.get(network) ?? [];
      this.#waiting.set(network, queue);
      queue.push(() => void new Promise<T>((started) => started(run())).then(resolve, reject));
    });
  }

  #scheduleNext(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#schedule(() => this.#next());
  }

  #next(): void {
    this.#isScheduled = false;
    this.#left = perTurn;
    for (const [network, queue] of this.#waiting) {
      if (this.#left === 0) break;
      this.#left--;
      const run = queue.shift();
      // Behind the other networks.
      this.#waiting.delete(network);
      if (queue.length > 0) this.#waiting.set(network, queue);
      run?.();
    }
    if (this.#waiting.size > 0) this.#scheduleNext();
  }
}
