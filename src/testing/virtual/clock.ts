// A clock that a test advances by hand. Time stands still while the test awaits anything else.

import type { Clock, Timer } from '../../lib/clock.ts';
import { TimerQueue } from './timer-queue.ts';

export class VirtualClock implements Clock {
  #now: number;
  /** Drives the timers: unlike the wall clock, it never jumps. */
  #elapsed = 0;
  #lastId = 0;
  readonly #queue = new TimerQueue();
  readonly #turns: number;

  /** @param turns how many turns of the event loop the consequences of a timer take: one where nothing but promises is awaited */
  constructor(now = Date.UTC(2026, 6, 1), turns = 3) {
    this.#now = now;
    this.#turns = turns;
  }

  now(): number {
    return this.#now;
  }

  monotonicNow(): number {
    return this.#elapsed;
  }

  setTimeout(run: () => void, ms: number): Timer {
    const id = ++this.#lastId;
    this.#queue.add({ id, at: this.#elapsed + Math.max(0, ms), run });
    return id;
  }

  clearTimeout(timer: Timer | undefined): void {
    if (typeof timer === 'number') this.#queue.remove(timer);
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#queue.size;
  }

  /** Runs what falls due, in order, and after each timer whatever promises it led to. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settled(this.#turns);
    while (this.#runNext(end)) await settled(this.#turns);
    this.#move(end - this.#elapsed);
  }

  /** Runs the next timer and what it leads to. @returns false if no timer waits */
  async runNext(): Promise<boolean> {
    await settled(this.#turns);
    if (!this.#runNext(Infinity)) return false;
    await settled(this.#turns);
    return true;
  }

  /** The same where there are no promises. */
  elapse(ms: number): void {
    const end = this.#elapsed + ms;
    while (this.#runNext(end));
    this.#move(end - this.#elapsed);
  }

  /** The wall clock jumps and no timer runs: somebody set the time. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Time passes and no timer runs: the process was stopped. Overdue timers run at the next advance. */
  stop(ms: number): void {
    this.#move(ms);
  }

  #runNext(end: number): boolean {
    const next = this.#queue.takeUntil(end);
    if (!next) return false;
    this.#move(Math.max(0, next.at - this.#elapsed));
    next.run();
    return true;
  }

  #move(ms: number): void {
    this.#elapsed += ms;
    this.#now += ms;
  }
}

// The test runner's own fake timers may take its place later.
const nextTurn = globalThis.setImmediate;

/** When all that is ready to run has run: promises, and what they lead to. */
export async function settled(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => nextTurn(resolve));
}
