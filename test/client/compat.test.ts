// The names that programs for InstantDB's client bring along: a store, a listener to the network, a line driven by hand.

import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';

import { WindowNetworkListener } from '../../src/client/compat.ts';
import { networkOf } from '../../src/connection/network.ts';
import { IndexedDBStorage } from '../../src/client/indexed-db-storage.ts';
import { SSEConnection } from '../../src/client/sse-connection.ts';
import type { EventSourceType } from '../../src/types/ports.ts';
import { sseHead } from '../support/sse-server.ts';
import { eventually } from '../support/eventually.ts';

afterEach(() => vi.unstubAllGlobals());

test('IndexedDBStorage stores items, separately for each store name', async () => {
  const store = new IndexedDBStorage('app', 'kv');
  await store.setItem('a', { n: 1 });
  await store.multiSet([
    ['b', 2],
    ['c', 3],
  ]);
  await store.removeItem('b');
  expect([await store.getItem('a'), await store.getItem('b'), await store.getAllKeys()]).toEqual([{ n: 1 }, null, ['a', 'c']]);
  expect(await new IndexedDBStorage('app', 'querySubs').getAllKeys()).toEqual([]);
});

test('WindowNetworkListener reports the network status of the window', async () => {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.stubGlobal('navigator', { onLine: false });
  expect(await WindowNetworkListener.getIsOnline()).toBe(false);
  const told: boolean[] = [];
  const stop = WindowNetworkListener.listen((isOnline) => told.push(isOnline));
  page.dispatchEvent(new Event('online'));
  page.dispatchEvent(new Event('offline'));
  stop();
  page.dispatchEvent(new Event('online'));
  expect(told).toEqual([true, false]);
});

test('a network listener given to init determines the network status', async () => {
  let tell: (isOnline: boolean) => void = () => {};
  const network = networkOf({
    getIsOnline: () => Promise.resolve(false),
    listen: (told) => {
      tell = told;
      return () => (tell = () => {});
    },
  });
  const news: string[] = [];
  const stop = network.subscribe((each) => news.push(each));
  expect(network.isOnline()).toBe(true);
  await eventually(() => expect(network.isOnline()).toBe(false));
  tell(true);
  tell(true);
  tell(false);
  stop();
  tell(true);
  expect([news, network.isOnline()]).toEqual([['offline', 'online', 'offline'], false]);
});

test('SSEConnection can be used on its own', async () => {
  const sources: Source[] = [];
  class Source implements EventSourceType {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSED = 2;
    readonly readyState = 1;
    readonly url: string;
    onopen = null;
    onmessage: EventSourceType['onmessage'] = null;
    onerror: EventSourceType['onerror'] = null;
    readonly close = vi.fn();
    constructor(url: string) {
      this.url = url;
      sources.push(this);
    }
  }
  const posted = vi.fn((_url: string, _init: RequestInit) => Promise.resolve(new Response('{}')));
  vi.stubGlobal('fetch', posted);
  const line = new SSEConnection(Source, 'https://x/sse', 'https://x/push');
  const told: string[] = [];
  line.onopen = ({ target }) => told.push(`open ${target === line}`);
  line.onmessage = ({ message }) => told.push(message.op);
  line.onerror = () => told.push('error');
  line.onclose = () => told.push('close');
  await eventually(() => expect(sources).toHaveLength(1));
  const [source] = sources;
  const say = (message: unknown): unknown => source?.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  expect([line.isConnecting(), line.isOpen()]).toEqual([true, false]);
  say(sseHead);
  say({ op: 'init-ok', 'session-id': 's' });
  line.send({ op: 'remove-query', q: {} });
  await eventually(() => expect(posted).toHaveBeenCalledOnce());
  expect(posted.mock.calls[0]?.[0]).toBe('https://x/push');
  source?.onerror?.(new Event('error'));
  expect([told, line.isOpen(), line.isConnecting()]).toEqual([['open true', 'init-ok', 'error', 'close'], false, false]);
});
