// The clock of one process (a tab or a server) on the world's clock: its wall clock may be wrong, and it may be frozen or killed.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { VirtualClock } from './clock.ts';

export class ProcessClock implements Clock {
  readonly #world: VirtualClock;
  #offsetMs: number;
  #state: 'running' | 'frozen' | 'dead' = 'running';
  #waiting: (() => void)[] = [];

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

  now(): number {
    return this.#world.now() + this.#offsetMs;
  }

  monotonicNow(): number {
    return this.#world.monotonicNow();
  }

  setTimeout(run: () => void, ms: number): Timer {
    return this.#world.setTimeout(() => this.deliver(run), ms);
  }

  clearTimeout(timer: Timer | undefined): void {
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
    if (this.#state === 'running') this.#state = 'frozen';
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
