// Coordination of an app's tabs in one browser. A Web Lock elects the leader, which sends the writes; a BroadcastChannel carries messages. The
// browser passes the lock on when its tab closes or crashes. A leader whose event loop is blocked (an open dialog, a breakpoint, a frozen page)
// keeps the lock and sends nothing: a tab that waits for it pings it, and steals the lock without a response.

import { type Clock, systemClock, type Timer } from '../../lib/clock.ts';
import { readGlobal } from '../../lib/global.ts';

export interface Tabs {
  /** Whether this tab sends the pending writes. At most one tab does; when it closes, another takes over. */
  readonly isLeader: boolean;
  /** Sends a message to all other tabs. */
  broadcast(message: unknown): void;
  listen(on: TabEvents): void;
  /** Checks that the leader is responsive, because it has not sent this tab's writes. */
  checkLeader?(): void;
  /** Acquires a named resource exclusively until the tab closes: true for the first tab that asks. If not implemented, every tab has it. */
  acquire?(name: string): Promise<boolean>;
  /** Stops sending and receiving, and releases the lock; a returned promise resolves afterwards. */
  close(): void | Promise<void>;
}

export interface TabEvents {
  onMessage(message: unknown): void;
  /** This tab is the leader from now on. */
  onBecameLeader(): void;
}

/** For platforms where tabs cannot communicate: each tab sends its own writes. */
export function alwaysLeader(): Tabs {
  return { isLeader: true, broadcast: () => {}, listen: () => {}, close: () => {} };
}

type Channel = Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
type Locks = Pick<LockManager, 'request'>;

/** The parts of the platform that are used. Reading any of them may throw, as where cookies are blocked. */
export interface TabPlatform {
  readonly navigator?: { readonly locks?: Locks };
  readonly BroadcastChannel?: new (name: string) => Channel;
  /** Tabs without a shared store have nothing to coordinate. */
  readonly indexedDB?: unknown;
}

/** How long the leader may take to respond, and how long a tab that stole the lock waits before it steals it again. */
const leaderTimeoutMs = 5_000;
const takeOverPauseMs = 60_000;
const ping = { type: 'leader-ping' };
const pong = { type: 'leader-pong' };

/** @param name identifies the app: equal for all its tabs */
export function browserTabs(name: string, clock: Clock = systemClock, platform: TabPlatform = globalThis): Tabs {
  const locks = readGlobal(() => platform.navigator?.locks);
  const hasStore = Boolean(readGlobal(() => platform.indexedDB));
  const channel = hasStore ? readGlobal(() => platform.BroadcastChannel && new platform.BroadcastChannel(name)) : undefined;
  return locks && channel ? new BrowserTabs(name, locks, channel, clock) : alwaysLeader();
}

class BrowserTabs implements Tabs {
  readonly #name: string;
  readonly #locks: Locks;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #aborting = new AbortController();
  readonly #requests = new Set<Promise<unknown>>();
  readonly #untilReleased: Promise<void>;
  #release = (): void => {};
  #on: TabEvents | undefined;
  #isLeader = false;
  #pingTimer: Timer | undefined;
  #pauseTimer: Timer | undefined;

  constructor(name: string, locks: Locks, channel: Channel, clock: Clock) {
    this.#name = name;
    this.#locks = locks;
    this.#channel = channel;
    this.#clock = clock;
    this.#untilReleased = new Promise((resolve) => (this.#release = resolve));
    channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#onMessage(data);
    this.#requestLead();
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  broadcast(message: unknown): void {
    this.#channel.postMessage(message);
  }

  listen(on: TabEvents): void {
    this.#on = on;
    if (this.#isLeader) on.onBecameLeader();
  }

  checkLeader(): void {
    if (this.#isLeader || this.#pingTimer !== undefined || this.#pauseTimer !== undefined || this.#aborting.signal.aborted) return;
    this.#channel.postMessage(ping);
    this.#pingTimer = this.#clock.setTimeout(() => {
      this.#pingTimer = undefined;
      this.#takeOver();
    }, leaderTimeoutMs);
  }

  acquire(resource: string): Promise<boolean> {
    return new Promise((resolve) => {
      const onLock = (lock: Lock | null): Promise<void> | undefined => {
        resolve(lock !== null);
        return lock ? this.#untilReleased : undefined;
      };
      this.#track(() => this.#locks.request(`${this.#name}/${resource}`, { ifAvailable: true }, onLock)).catch(() => resolve(true));
    });
  }

  async close(): Promise<void> {
    this.#on = undefined;
    this.#isLeader = false;
    this.#clock.clearTimeout(this.#pingTimer);
    this.#clock.clearTimeout(this.#pauseTimer);
    this.#aborting.abort();
    this.#release();
    this.#channel.close();
    await Promise.allSettled(this.#requests);
  }

  #onMessage(message: unknown): void {
    const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
    if (type === ping.type) return this.#isLeader ? this.#channel.postMessage(pong) : undefined;
    if (type !== pong.type) return this.#on?.onMessage(message);
    this.#clock.clearTimeout(this.#pingTimer);
    this.#pingTimer = undefined;
  }

  #requestLead(): void {
    const { signal } = this.#aborting;
    // The request rejects when it is aborted, when another tab steals the lock, or where the platform forbids locks.
    this.#track(() => this.#locks.request(this.#name, { signal }, () => this.#lead())).catch(() => this.#onLockRejected());
  }

  #lead(): Promise<void> {
    this.#isLeader = true;
    this.#on?.onBecameLeader();
    return this.#untilReleased;
  }

  #onLockRejected(): void {
    if (this.#aborting.signal.aborted) return;
    // Without locks, each tab sends its own writes.
    if (!this.#isLeader) return void this.#lead();
    // Another tab stole the lock while this one was blocked: queue for it again.
    this.#isLeader = false;
    this.#requestLead();
  }

  /** Rate-limited, so that two slow tabs do not steal the lock from each other in turn. */
  #takeOver(): void {
    if (this.#isLeader || this.#aborting.signal.aborted) return;
    this.#pauseTimer = this.#clock.setTimeout(() => (this.#pauseTimer = undefined), takeOverPauseMs);
    this.#track(() => this.#locks.request(this.#name, { steal: true }, () => this.#lead())).catch(() => {
      if (this.#isLeader) this.#onLockRejected();
    });
  }

  #track<T>(request: () => Promise<T>): Promise<T> {
    const pending = Promise.resolve().then(request);
    this.#requests.add(pending);
    const done = (): unknown => this.#requests.delete(pending);
    pending.then(done, done);
    return pending;
  }
}
