// What sync tables are sent of a vast change: in slices, between which others are served, and in the order of the transactions.

import { expect, test } from 'vitest';
import { Attrs } from '../../../src/db/attrs.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { SyncUpdateTriples } from '../../../src/protocol/sync-table-messages.ts';
import { SyncTables } from '../../../src/server/queries/sync-tables.ts';
import { encodeMessage } from '../../../src/server/session/encode.ts';
import type { Outgoing, Subscriber } from '../../../src/server/session/subscriber.ts';
import { othersServed } from '../../../src/server/slices.ts';
import type { LogEntry } from '../../../src/server/storage/storage.ts';
import { blob } from '../bench.ts';

const title = blob('goals', 'title');
const attrs = Attrs.from([blob('goals', 'id'), title] as unknown as readonly WireAttr[]);
const vast = 30_000;
const entry = (txId: number, count: number): LogEntry => ({
  ...{ txId, at: txId },
  changes: Array.from({ length: count }, (_, n) => ({ action: 'added', triple: [`e${n}`, title.id, `Größe ${txId} 🎈`, 1] })),
});
const session = (id: string): Subscriber => ({ id, actor: { isAdmin: true }, features: {}, acceptsDeltas: false }) as unknown as Subscriber;

interface Kit {
  readonly tables: SyncTables;
  readonly told: { readonly to: string; readonly tx: number; readonly changes: number }[];
  readonly frames: (string | readonly string[])[];
  readonly presented: () => number;
  readonly start: (subscriber: Subscriber) => { readonly id: string; readonly token: string };
  /** How many turns it takes until all is sent; `between` runs in each. */
  readonly turns: (until: number) => Promise<number>;
}

function kit(): Kit {
  let [ids, presented] = [0, 0];
  const told: { to: string; tx: number; changes: number }[] = [];
  const frames: (string | readonly string[])[] = [];
  const deliver = (outgoing: readonly Outgoing[]): void => {
    for (const { to, message } of outgoing) {
      if (message.op !== 'sync-update-triples') continue;
      const frame = encodeMessage(message);
      frames.push(frame);
      const { txes } = JSON.parse(typeof frame === 'string' ? frame : frame.join('')) as SyncUpdateTriples;
      for (const { 'tx-id': tx, changes } of txes) told.push({ to: to.id, tx, changes: changes.length });
    }
  };
  const tables = new SyncTables({
    ...{ uuid: () => `id ${++ids}`, history: { entries: 100, bytes: 1e9 }, txId: 0, deliver },
    present: (triple) => (presented++, triple),
    failed: (error) => expect.unreachable(String(error)),
  });
  const start = (subscriber: Subscriber): { readonly id: string; readonly token: string } => {
    const started = tables.start(subscriber, { goals: {} }, attrs);
    expect(tables.loaded(started.id, subscriber, 0, attrs)).toBe(true);
    return started;
  };
  const turns = async (until: number): Promise<number> => {
    let count = 0;
    for (; told.length < until && count < 1000; count++) await othersServed();
    return count;
  };
  return { tables, told, frames, presented: () => presented, start, turns };
}

test('a vast change is prepared in slices, once for all tables of a namespace, and sent in parts', async () => {
  const { tables, told, frames, presented, start, turns } = kit();
  for (const id of ['a', 'b', 'c']) start(session(id));
  tables.committed([entry(1, vast)], attrs);
  expect(told).toEqual([]);
  expect(await turns(3)).toBeGreaterThan(vast / 5000);
  expect(told).toEqual(['a', 'b', 'c'].map((to) => ({ to, tx: 1, changes: vast })));
  expect(presented()).toBe(vast);
  const parts = frames.flat();
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(512 * 1024);
});

test('a small change is sent at once', () => {
  const { tables, told, start } = kit();
  start(session('a'));
  tables.committed([entry(1, 3)], attrs);
  expect(told).toEqual([{ to: 'a', tx: 1, changes: 3 }]);
});

test('changes behind a vast one wait for it; a table that ends meanwhile is sent nothing', async () => {
  const { tables, told, start, turns } = kit();
  const [a, b, c] = [session('a'), session('b'), session('c')];
  for (const one of [a, c]) start(one);
  const { id } = start(b);
  tables.committed([entry(1, vast)], attrs);
  tables.committed([entry(2, 1)], attrs);
  await othersServed();
  tables.remove(b, id, false);
  tables.forget(c);
  tables.committed([entry(3, 1)], attrs);
  await turns(3);
  for (let turn = 0; turn < 10; turn++) await othersServed();
  expect(told).toEqual([
    { to: 'a', tx: 1, changes: vast },
    { to: 'a', tx: 2, changes: 1 },
    { to: 'a', tx: 3, changes: 1 },
  ]);
});

test('a table that is resumed while a vast change is on its way is sent each transaction once, in order', async () => {
  const { tables, told, start, turns } = kit();
  const [before, after] = [session('before'), session('after')];
  const { id, token } = start(before);
  tables.committed([entry(1, vast)], attrs);
  await othersServed();
  tables.forget(before);
  tables.resume(after, { 'subscription-id': id, token, 'tx-id': 0 }, attrs);
  tables.committed([entry(2, 1)], attrs);
  await turns(2);
  for (let turn = 0; turn < 10; turn++) await othersServed();
  expect(told).toEqual([
    { to: 'after', tx: 1, changes: vast },
    { to: 'after', tx: 2, changes: 1 },
  ]);
});

test('a long history is sent in slices too', async () => {
  const { tables, told, start, turns } = kit();
  const { id, token } = start(session('a'));
  start(session('b'));
  tables.forget(session('a'));
  for (let tx = 1; tx <= 30; tx++) tables.committed([entry(tx, 1000)], attrs);
  await turns(60);
  told.length = 0;
  tables.resume(session('again'), { 'subscription-id': id, token, 'tx-id': 0 }, attrs);
  expect(told).toEqual([]);
  expect(await turns(30)).toBeGreaterThan(10);
  expect(told.map(({ tx }) => tx)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
});
