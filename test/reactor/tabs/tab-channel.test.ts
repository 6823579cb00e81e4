// The leader of an app's tabs: elected by a lock, pinged, and replaced where it does not respond.

import { beforeEach, expect, test } from 'vitest';

import { browserTabs, type TabPlatform, type Tabs } from '../../../src/reactor/tabs/tab-channel.ts';
import { VirtualClock, settled } from '../../../src/testing/virtual/clock.ts';

/** One browser: its locks and channels. A blocked tab receives no message and learns nothing of its lock. */
class Browser {
  #holder: { readonly end: (error: Error) => void } | undefined;
  readonly #queue: (() => void)[] = [];
  readonly #channels = new Set<{ onmessage: ((event: MessageEvent<unknown>) => void) | null }>();
  readonly messages: unknown[] = [];
  isFrozen = false;

  readonly platform = {
    indexedDB: {},
    BroadcastChannel: this.#channelClass(),
    navigator: { locks: { request: (...call: readonly unknown[]) => this.#request(call) } },
  } as unknown as TabPlatform;

  #channelClass(): unknown {
    const { messages } = this;
    const channels = this.#channels;
    const isFrozen = (): boolean => this.isFrozen;
    return class {
      onmessage: ((event: MessageEvent<unknown>) => void) | null = null;
      constructor() {
        channels.add(this);
      }
      postMessage(data: unknown): void {
        messages.push(data);
        if (isFrozen()) return;
        for (const channel of channels) if (channel !== this) queueMicrotask(() => channel.onmessage?.({ data } as MessageEvent<unknown>));
      }
      close(): void {
        channels.delete(this);
      }
    };
  }

  #request(call: readonly unknown[]): Promise<unknown> {
    const { steal = false, signal } = call[1] as { steal?: boolean; signal?: AbortSignal };
    const onLock = call.at(-1) as () => Promise<void>;
    return new Promise((resolve, reject) => {
      const take = (): void => {
        const holder = { end: reject };
        this.#holder = holder;
        void onLock().then(() => {
          if (this.#holder === holder) this.#holder = undefined;
          resolve(undefined);
          if (!this.#holder) this.#queue.shift()?.();
        });
      };
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
      if (!steal && this.#holder) return void this.#queue.push(take);
      this.#holder?.end(new DOMException('stolen', 'AbortError'));
      take();
    });
  }
}

let browser: Browser;
let clock: VirtualClock;
beforeEach(() => {
  browser = new Browser();
  clock = new VirtualClock();
});

async function twoTabs(): Promise<[Tabs, Tabs]> {
  const tabs: [Tabs, Tabs] = [browserTabs('app', clock, browser.platform), browserTabs('app', clock, browser.platform)];
  await settled();
  expect(tabs.map(({ isLeader }) => isLeader)).toEqual([true, false]);
  return tabs;
}

test('the next tab leads once the leader has closed', async () => {
  const [first, second] = await twoTabs();
  await first.close();
  await settled();
  expect(second.isLeader).toBe(true);
});

test('a leader that responds keeps the lock', async () => {
  const [first, second] = await twoTabs();
  second.checkLeader?.();
  await clock.advance(5_000);
  expect([first.isLeader, second.isLeader]).toEqual([true, false]);
  expect(browser.messages).toEqual([{ type: 'leader-ping' }, { type: 'leader-pong' }]);
});

test('a leader that does not respond for 5 s of the injected clock loses the lock, and queues for it again', async () => {
  const [first, second] = await twoTabs();
  browser.isFrozen = true;
  second.checkLeader?.();
  await clock.advance(4_999);
  expect([first.isLeader, second.isLeader]).toEqual([true, false]);
  await clock.advance(1);
  await settled();
  expect([first.isLeader, second.isLeader]).toEqual([false, true]);
  browser.isFrozen = false;
  await second.close();
  await settled();
  expect(first.isLeader).toBe(true);
});

test('a tab that stole the lock does not steal it again within a minute', async () => {
  const [first, second] = await twoTabs();
  browser.isFrozen = true;
  second.checkLeader?.();
  await clock.advance(5_000);
  first.checkLeader?.();
  await clock.advance(5_000);
  await settled();
  expect([first.isLeader, second.isLeader]).toEqual([true, false]);
  const pings = (): number => browser.messages.length;
  const before = pings();
  second.checkLeader?.();
  await clock.advance(49_999);
  expect(pings()).toBe(before);
  await clock.advance(5_001);
  second.checkLeader?.();
  expect(pings()).toBe(before + 1);
});

test('nothing is scheduled once a tab is closed', async () => {
  const [, second] = await twoTabs();
  browser.isFrozen = true;
  second.checkLeader?.();
  await second.close();
  expect(clock.timers).toBe(0);
});
