// The clock of one process (a tab or a server) on the world's clock: its wall clock may be wrong, and it may be frozen or killed.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { VirtualClock } from './clock.ts';

export class ProcessClock implements Clock {
  readonly #world: VirtualClock;
  #offsetMs: number;
  #state: 'running' | 'frozen' | 'dead' = 'running';
  #waiting: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  /** It was frozen at least once: it may believe what is no longer so. */
  wasFrozen = false;

  constructor(world: VirtualClock, offsetMs = 0) {
    this.#world = world;
    this.#offsetMs = offsetMs;
  }

  get isFrozen(): boolean {
    return this.#state === 'frozen';
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#world.now() + this.#offsetMs;
  }

  monotonicNow(): number {
    return this.#world.monotonicNow();
  }

  setTimeout(run: () => void, ms: number): Timer {
    const timer = this.#world.setTimeout(() => {
      this.#timers.delete(timer);
      this.deliver(run);
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    if (timer !== undefined) this.#timers.delete(timer);
    this.#world.clearTimeout(timer);
  }

  /** Runs a task in the process: at once, when it is thawed, or never. */
  deliver(task: () => void): void {
    if (this.#state === 'running') task();
    else if (this.#state === 'frozen') this.#waiting.push(task);
  }

  /** Somebody sets the time. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  freeze(): void {
    if (this.#state !== 'running') return;
    this.#state = 'frozen';
    this.wasFrozen = true;
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    for (const task of this.#waiting.splice(0)) this.deliver(task);
  }

  kill(): void {
    this.#state = 'dead';
    this.#waiting = [];
  }
}
