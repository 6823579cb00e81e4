// The tabs of one browser: the lock that one of them holds, and the channel between them.

import type { TabEvents, Tabs } from '../../reactor/tabs/tab-channel.ts';
import type { VirtualClock } from './clock.ts';
import { copyOf } from './copy-of.ts';
import type { ProcessClock } from './process-clock.ts';

/** The lock and the channel that the tabs of a browser share. */
export class BrowserTab implements Tabs {
  readonly clock: ProcessClock;
  readonly #all: BrowserTab[];
  readonly #world: VirtualClock;
  #on: TabEvents | undefined;
  #isChecking = false;
  #hasLock = false;
  /** As far as it knows: it is told once it runs. */
  isLeader = false;

  constructor(all: BrowserTab[], clock: ProcessClock, world: VirtualClock) {
    this.#all = all;
    this.clock = clock;
    this.#world = world;
    all.push(this);
    if (!all.some((tab) => tab.#hasLock)) this.#lead();
  }

  broadcast(message: unknown): void {
    if (this.#all.length === 1) return;
    const copy = copyOf(message);
    for (const other of this.#all) {
      if (other !== this) this.#world.setTimeout(() => other.clock.deliver(() => other.#on?.onMessage(copy)), 1);
    }
  }

  listen(on: TabEvents): void {
    this.#on = on;
    if (this.isLeader) on.onBecameLeader();
  }

  /** A leader that is frozen loses the lock. It learns of that when it runs again. */
  checkLeader(): void {
    if (this.isLeader || this.#isChecking) return;
    this.#isChecking = true;
    this.#world.setTimeout(() => {
      this.#isChecking = false;
      const leader = this.#all.find((tab) => tab.#hasLock);
      if (this.clock.isDead || this.clock.isFrozen || !this.#all.includes(this) || (leader && !leader.clock.isFrozen)) return;
      if (leader) leader.#lose();
      this.#lead();
    }, 5_000);
  }

  close(): void {
    this.#on = undefined;
    const at = this.#all.indexOf(this);
    if (at >= 0) this.#all.splice(at, 1);
    this.isLeader = false;
    if (!this.#hasLock) return;
    this.#hasLock = false;
    const next = this.#all[0];
    if (next) next.#lead();
  }

  #lead(): void {
    this.#hasLock = true;
    this.#world.setTimeout(() => this.clock.deliver(() => this.#onLock()), 0);
  }

  #lose(): void {
    this.#hasLock = false;
    this.#world.setTimeout(() => this.clock.deliver(() => (this.isLeader = false)), 0);
  }

  #onLock(): void {
    if (!this.#hasLock || this.isLeader) return;
    this.isLeader = true;
    this.#on?.onBecameLeader();
  }
}
