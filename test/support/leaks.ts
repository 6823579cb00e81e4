// A platform that counts what a client holds of it: timers, listeners, lines, requests, locks, channels and the store.

import type { PageLike } from '../../src/connection/network.ts';
import { browserNetwork } from '../../src/connection/network.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { TabPlatform } from '../../src/reactor/tabs/tab-channel.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';

export class CountedPlatform {
  readonly clock = new VirtualClock();
  readonly #listeners = new Set<string>();
  readonly #locks: { readonly name: string; readonly start: () => void }[] = [];
  channels = 0;
  requests = 0;
  stores = 0;
  #lastListener = 0;

  /** All that is held. */
  get held(): object {
    const { channels, requests, stores } = this;
    return { timers: this.clock.timers, listeners: [...this.#listeners], locks: this.#locks.length, channels, requests, stores };
  }

  readonly network = browserNetwork(this.#page());

  /** Answers nothing, until it is given up. */
  readonly fetch = ((_url: unknown, init: RequestInit) => {
    this.requests += 1;
    return new Promise((_, reject) =>
      init.signal?.addEventListener('abort', () => {
        this.requests -= 1;
        reject(init.signal?.reason as Error);
      }),
    );
  }) as typeof fetch;

  store(inner: KeyValue = memoryStore()): KeyValue {
    this.stores += 1;
    let isOpen = true;
    return {
      ...inner,
      close: async () => {
        await inner.close();
        if (isOpen) this.stores -= 1;
        isOpen = false;
      },
    };
  }

  /** Of one browser: whoever asks for the lock later waits. */
  get tabs(): TabPlatform {
    const count = (by: number): void => void (this.channels += by);
    class Channel {
      onmessage: BroadcastChannel['onmessage'] = null;
      constructor() {
        count(1);
      }
      postMessage(): void {}
      close(): void {
        count(-1);
      }
    }
    const request = async (name: string, { signal, ifAvailable }: LockOptions, take: LockGrantedCallback<unknown>): Promise<unknown> => {
      const before = this.#locks.filter((lock) => lock.name === name);
      if (ifAvailable && before.length > 0) return take(null);
      let start = (): void => {};
      const granted = new Promise<void>((resolve, reject) => {
        start = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      });
      const lock = { name, start };
      this.#locks.push(lock);
      if (before.length === 0) start();
      try {
        await granted;
        return await take({ name, mode: 'exclusive' });
      } finally {
        this.#locks.splice(this.#locks.indexOf(lock), 1);
        this.#locks.find((next) => next.name === name)?.start();
      }
    };
    const locks = { request: request as unknown as LockManager['request'] };
    return { navigator: { locks }, BroadcastChannel: Channel, indexedDB: {} };
  }

  #page(): PageLike {
    const target = (name: string): { addEventListener: NonNullable<PageLike['addEventListener']> } => ({
      addEventListener: (type, _listener, { signal }) => {
        const id = `${name} ${type} ${(this.#lastListener += 1)}`;
        this.#listeners.add(id);
        signal.addEventListener('abort', () => this.#listeners.delete(id));
      },
    });
    return { ...target('window'), document: { ...target('document'), visibilityState: 'visible' }, navigator: { onLine: true } };
  }
}
