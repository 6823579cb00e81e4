// Slices that end after each step, and go on when the test says so.

import type { Scheduler } from '../../src/lib/yielding.ts';
import { settled } from '../../src/testing/virtual/clock.ts';

export class FakeScheduler implements Scheduler {
  #now = 0;
  #waiting: (() => void)[] = [];

  now(): number {
    return this.#now++;
  }

  pause(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get isPaused(): boolean {
    return this.#waiting.length > 0;
  }

  /** One slice more. */
  async next(): Promise<void> {
    for (const resume of this.#waiting.splice(0)) resume();
    await settled();
  }

  /** All there are; `between` runs before each. Gives how many. */
  async rest(between: () => void = () => {}): Promise<number> {
    let count = 0;
    for (await settled(); this.isPaused; count++) {
      between();
      await this.next();
    }
    return count;
  }
}
