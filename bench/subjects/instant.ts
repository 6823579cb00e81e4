// `@instantdb/core` from npm, in Node: given a window, a socket in memory, and memory for storage. Its own evaluator for W5.

import { allTriples, attrs as wireAttrs, world } from '../data.ts';
import { FakeSocket } from '../fake-socket.ts';
import { type Outcome, sample, type Subject, timed } from '../measure.ts';
import { type Client, wireSubject } from './wire.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- its types fit one schema
type Anything = any;

Object.assign(globalThis, { window: globalThis, WebSocket: FakeSocket, BroadcastChannel: undefined });
const core: Anything = await import('@instantdb/core');

class InMemory extends core.StoreInterface {
  readonly #items = new Map<string, unknown>();
  getItem = async (key: string): Promise<unknown> => this.#items.get(key) ?? null;
  getAllKeys = async (): Promise<string[]> => [...this.#items.keys()];
  setItem = async (key: string, value: unknown): Promise<void> => void this.#items.set(key, value);
  removeItem = async (key: string): Promise<void> => void this.#items.delete(key);
  multiSet = async (pairs: [string, unknown][]): Promise<void> => pairs.forEach(([key, value]) => this.#items.set(key, value));
}

const alwaysOnline = { getIsOnline: async () => true, listen: () => () => {} };

function open(): Client {
  const config = { appId: crypto.randomUUID(), devtool: false };
  const db = core.init(config, InMemory, alwaysOnline);
  const client = {
    isSlow: true,
    subscribe: (query: object, on: (rows: never[], isStale: boolean) => void) =>
      db.subscribeQuery(query, ({ data }: Anything) => data && on(data.tasks, false)),
    update: (id: string, fields: object) => void db.transact(db.tx.tasks[id].update(fields)).catch(() => {}),
    close: () => db.shutdown(),
  };
  return client;
}

function w5(isAgain: boolean): (n: number) => Promise<Outcome> {
  return async (n) => {
    const folder = '../../node_modules/@instantdb/core/dist/esm/';
    const { default: evaluate }: Anything = await import(new URL(`${folder}instaql.js`, import.meta.url).href);
    const { AttrsStoreClass, createStore }: Anything = await import(new URL(`${folder}store.js`, import.meta.url).href);
    const data = world(Math.floor(n * 0.4), { comments: Math.floor(n * 0.6) });
    const triples = allTriples(data);
    const attrsStore = new AttrsStoreClass(Object.fromEntries(wireAttrs.map((attr) => [attr.id, attr])), null);
    const query = { tasks: { $: { where: { status: 'open' }, order: { createdAt: 'asc' }, limit: 50 }, comments: { author: {} } } };
    const fresh = (): Anything => createStore(attrsStore, triples, true, false);
    let store = fresh();
    const samples = await sample(8, () => {
      if (!isAgain) store = fresh();
      return timed(() => evaluate({ store, attrsStore, pageInfo: null, aggregate: null }, query));
    });
    return { samples };
  };
}

// Its protocol has no differences.
const { w3delta: _, ...known } = wireSubject(open);

export const subject: Subject = { ...known, w5first: w5(false), w5again: w5(true) };
