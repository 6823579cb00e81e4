// Tabs that find each other by a Web Lock and a BroadcastChannel. Whoever holds the lock sends; the browser hands it on when that
// tab is closed, crashes, or lets go.

import { alone, type TabEvents, type Tabs } from './tabs.ts';

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
  if (!locks || !BroadcastChannel || !indexedDB) return alone();
  const channel = new BroadcastChannel(name);
  const giveUp = new AbortController();
  let on: TabEvents | undefined;
  let isSender = false;
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  channel.onmessage = ({ data }: MessageEvent<unknown>) => on?.heard(data);
  const become = (): Promise<void> => {
    isSender = true;
    on?.becameSender();
    return held;
  };
  // It rejects when it is given up, or where the platform forbids locks: then each tab sends for itself, as it would without.
  const forbidden = (): unknown => giveUp.signal.aborted || isSender || void become();
  const asked: Promise<unknown>[] = [locks.request(name, { signal: giveUp.signal }, become).catch(forbidden)];
  return {
    get isSender() {
      return isSender;
    },
    tell: (news) => channel.postMessage(news),
    listen(events) {
      on = events;
      if (isSender) events.becameSender();
    },
    claim: (what) =>
      new Promise((resolve) => {
        const hold = (lock: Lock | null): Promise<void> | undefined => {
          resolve(lock !== null);
          return lock ? held : undefined;
        };
        asked.push(locks.request(`${name}/${what}`, { ifAvailable: true }, hold).catch(() => resolve(true)));
      }),
    async close() {
      on = undefined;
      isSender = false;
      giveUp.abort();
      letGo();
      channel.close();
      await Promise.all(asked);
    },
  };
}
