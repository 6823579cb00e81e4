// Tabs of one app in one browser: a Web Lock elects the leader, the one that sends, and a BroadcastChannel carries their messages. The browser
// passes the lock on when its tab is closed or crashes. A leader whose event loop stands still (an open dialog, a breakpoint, a frozen page)
// keeps the lock and sends nothing: a tab that waits for it asks for a sign of life, and takes the lock over if none comes.

import { readGlobal } from '../../lib/global.ts';

export interface Tabs {
  /** Whether this tab sends what waits. At most one of them does; when it is gone, another follows. */
  readonly isLeader: boolean;
  /** Sends a message to all other tabs. */
  broadcast(message: unknown): void;
  listen(on: TabEvents): void;
  /** This tab has writes that the leader has not sent: makes sure that there is a leader that runs. */
  checkLeader?(): void;
  /** Whether this tab has the resource of this name to itself, until it closes: the first that asks does. Without it, every tab does. */
  acquire?(name: string): Promise<boolean>;
  /** Sends and receives nothing more, and gives the lead away: by the time the promise resolves, if there is one. */
  close(): void | Promise<void>;
}

export interface TabEvents {
  onMessage(message: unknown): void;
  /** This tab sends from here on. */
  onBecameLeader(): void;
}

/** Where tabs cannot find each other, each sends for itself. */
export function alwaysLeader(): Tabs {
  return { isLeader: true, broadcast: () => {}, listen: () => {}, close: () => {} };
}

type Channel = Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
type Locks = Pick<LockManager, 'request'>;

/** The parts of the platform that are used. Reading any of them may throw, as where cookies are blocked. */
export interface TabPlatform {
  readonly navigator?: { readonly locks?: Locks };
  readonly BroadcastChannel?: new (name: string) => Channel;
  /** Without a store they share, tabs have nothing to share. */
  readonly indexedDB?: unknown;
}

/** How long a leader has to answer, and how long a tab that took over waits before it takes over again. */
const leaderTimeoutMs = 5_000;
const takeOverPauseMs = 60_000;
const ping = { type: 'leader-ping' };
const pong = { type: 'leader-pong' };

/** @param name the same for all tabs of one app, and for no other */
export function browserTabs(name: string, platform: TabPlatform = globalThis): Tabs {
  const locks = readGlobal(() => platform.navigator?.locks);
  const hasStore = Boolean(readGlobal(() => platform.indexedDB));
  const channel = hasStore ? readGlobal(() => platform.BroadcastChannel && new platform.BroadcastChannel(name)) : undefined;
  return locks && channel ? new BrowserTabs(name, locks, channel) : alwaysLeader();
}

class BrowserTabs implements Tabs {
  readonly #name: string;
  readonly #locks: Locks;
  readonly #channel: Channel;
  readonly #aborting = new AbortController();
  readonly #requests = new Set<Promise<unknown>>();
  readonly #untilReleased: Promise<void>;
  #release = (): void => {};
  #on: TabEvents | undefined;
  #isLeader = false;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  #pauseTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(name: string, locks: Locks, channel: Channel) {
    this.#name = name;
    this.#locks = locks;
    this.#channel = channel;
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
    this.#pingTimer = setTimeout(() => {
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
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#pauseTimer);
    this.#aborting.abort();
    this.#release();
    this.#channel.close();
    await Promise.allSettled(this.#requests);
  }

  #onMessage(message: unknown): void {
    const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
    if (type === ping.type) return this.#isLeader ? this.#channel.postMessage(pong) : undefined;
    if (type !== pong.type) return this.#on?.onMessage(message);
    clearTimeout(this.#pingTimer);
    this.#pingTimer = undefined;
  }

  #requestLead(): void {
    const { signal } = this.#aborting;
    // It rejects when it is aborted, when another tab took the lead over, or where the platform forbids locks.
    this.#track(() => this.#locks.request(this.#name, { signal }, () => this.#lead())).catch(() => this.#onLockRejected());
  }

  #lead(): Promise<void> {
    this.#isLeader = true;
    this.#on?.onBecameLeader();
    return this.#untilReleased;
  }

  #onLockRejected(): void {
    if (this.#aborting.signal.aborted) return;
    // Where there are no locks, each tab sends for itself, as it would without other tabs.
    if (!this.#isLeader) return void this.#lead();
    // Taken over by another tab while this one stood still: the next in line.
    this.#isLeader = false;
    this.#requestLead();
  }

  /** At most once in a while, so that two tabs that are both slow do not take the lead from each other in turn. */
  #takeOver(): void {
    if (this.#isLeader || this.#aborting.signal.aborted) return;
    this.#pauseTimer = setTimeout(() => (this.#pauseTimer = undefined), takeOverPauseMs);
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
