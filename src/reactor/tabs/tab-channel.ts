// Tabs that find each other by a Web Lock and a BroadcastChannel. Whoever holds the lock sends; the browser hands it on when that
// tab is closed, crashes, or lets go.

// The port to the other tabs of the same app in this browser: which one sends, and what they tell each other. What they say is
// not known here; it is plain data.

export interface Tabs {
  /** Whether this tab sends what waits. At most one of them does; when it is gone, another follows. */
  readonly isLeader: boolean;
  /** To all the others. */
  broadcast(message: unknown): void;
  listen(on: TabEvents): void;
  /** Whether this tab has the thing of this name to itself, until it closes: the first that asks does. Without it, every tab does. */
  acquire?(name: string): Promise<boolean>;
  /** Tells nothing more, hears nothing more, and lets another send: by the time the promise resolves, if there is one. */
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

/** As much of the platform as is used. */
export interface TabPlatform {
  readonly navigator?: { readonly locks?: Pick<LockManager, 'request'> };
  readonly BroadcastChannel?: new (name: string) => Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
  /** Without a store they share, tabs have nothing to share. */
  readonly indexedDB?: unknown;
}

/** @param name the same for all tabs of one app, and for no other */
export function browserTabs(name: string, platform: TabPlatform = globalThis): Tabs {
  const { navigator, BroadcastChannel, indexedDB } = platform;
  const locks = navigator?.locks;
  if (!locks || !BroadcastChannel || !indexedDB) return alwaysLeader();
  const channel = new BroadcastChannel(name);
  const abortRequests = new AbortController();
  let on: TabEvents | undefined;
  let isLeader = false;
  let release = (): void => {};
  const untilReleased = new Promise<void>((resolve) => (release = resolve));
  channel.onmessage = ({ data }: MessageEvent<unknown>) => on?.onMessage(data);
  const becomeLeader = (): Promise<void> => {
    isLeader = true;
    on?.onBecameLeader();
    return untilReleased;
  };
  // It rejects when it is given up, or where the platform forbids locks: then each tab sends for itself, as it would without.
  const onLockDenied = (): unknown => abortRequests.signal.aborted || isLeader || void becomeLeader();
  const lockRequests: Promise<unknown>[] = [locks.request(name, { signal: abortRequests.signal }, becomeLeader).catch(onLockDenied)];
  return {
    get isLeader() {
      return isLeader;
    },
    broadcast: (message) => channel.postMessage(message),
    listen(events) {
      on = events;
      if (isLeader) events.onBecameLeader();
    },
    acquire: (resource) =>
      new Promise((resolve) => {
        const onLock = (lock: Lock | null): Promise<void> | undefined => {
          resolve(lock !== null);
          return lock ? untilReleased : undefined;
        };
        lockRequests.push(locks.request(`${name}/${resource}`, { ifAvailable: true }, onLock).catch(() => resolve(true)));
      }),
    async close() {
      on = undefined;
      isLeader = false;
      abortRequests.abort();
      release();
      channel.close();
      await Promise.all(lockRequests);
    },
  };
}
