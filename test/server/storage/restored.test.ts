// Servers whose database is not what it was: restored from an older dump, or away for a while. They say so, and go on from what the
// database holds; no two of them ever show different data.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { postgres } from '../../../src/server/storage/postgres/postgres.ts';
import { replay } from '../../../src/server/storage/replay.ts';
import { type Postgres, query, startPostgres } from '../../support/postgres.ts';
import { appId, type Bench, bench, blob, newId, type TestPeer } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const patience = { timeout: 20_000, interval: 50 };

let server: Postgres;
let made = 0;
let url: string;
let name: string;
const open: Bench[] = [];

beforeAll(async () => {
  server = await startPostgres();
}, 180_000);
afterAll(() => server?.stop());
afterEach(async () => {
  await Promise.all(open.splice(0).map((world) => world.hub.close()));
});

async function newDatabase(): Promise<void> {
  name = `restored${++made}`;
  url = await server.createDatabase(name);
}

async function world(): Promise<Bench> {
  const opened = bench({ storage: await postgres(url, { heartbeatMs: 100 }) });
  open.push(opened);
  await opened.hub.app(appId);
  return opened;
}

async function ready(at: Bench): Promise<TestPeer> {
  const peer = await at.open();
  await expect.poll(async () => (await peer.request({ op: 'add-query', q: { goals: {} } })).length, patience).toBeGreaterThan(0);
  return peer;
}

async function write(peer: TestPeer, text: string, more: readonly unknown[] = []): Promise<string> {
  const goal = newId();
  const steps = [...more, ['add-triple', goal, goalsId.id, goal], ['add-triple', goal, title.id, text]];
  const eventId = peer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': steps });
  const answer = (): string | undefined => peer.heard.find((each) => 'client-event-id' in each && each['client-event-id'] === eventId)?.op;
  await expect.poll(answer, patience).toBeDefined();
  return answer() ?? '';
}

async function titles(at: Bench): Promise<string[]> {
  const { ledger } = await at.hub.app(appId);
  const attr = ledger.db.attrs.forward('goals', 'title');
  return [...ledger.db.rows('goals')].map((row) => String(attr && row.value(attr))).sort();
}

const attrs = [goalsId, title].map((attr) => ['add-attr', attr]);

test('after a restore to an older state, both running servers show that state and accept writes', { timeout: 60_000 }, async () => {
  await newDatabase();
  const [one, other] = [await world(), await world()];
  const [a, b] = [await ready(one), await ready(other)];
  expect(await write(a, 'kept', attrs)).toBe('transact-ok');
  const restore = await server.dump(name);
  for (const text of ['lost 1', 'lost 2', 'lost 3']) expect(await write(a, text)).toBe('transact-ok');
  await expect.poll(() => titles(other), patience).toHaveLength(4);
  await restore();
  // Without a write: who looks is told to connect again.
  await expect.poll(() => [a, b].map(({ closedWith }) => closedWith?.[0]), patience).toEqual([1012, 1012]);
  await expect.poll(() => Promise.all([titles(one), titles(other)]), patience).toEqual([['kept'], ['kept']]);
  expect(await write(await ready(other), 'new 1')).toBe('transact-ok');
  expect(await write(await ready(one), 'new 2')).toBe('transact-ok');
  await expect.poll(() => Promise.all([titles(one), titles(other)]), patience).toEqual(Array(2).fill(['kept', 'new 1', 'new 2']));
});

/** A database restored to before its last write, and a server that hears of nothing: it looks when it writes. */
async function restoredUnheard() {
  await newDatabase();
  const deaf = bench({ storage: await postgres(url, { heartbeatMs: 60_000 }) });
  open.push(deaf);
  await deaf.hub.app(appId);
  const a = await ready(deaf);
  expect(await write(a, 'kept', attrs)).toBe('transact-ok');
  const restore = await server.dump(name);
  expect(await write(a, 'lost')).toBe('transact-ok');
  await restore();
  return { deaf, a };
}

test(
  'a server detects a restore although another server has since committed a transaction with the same id',
  { timeout: 60_000 },
  async () => {
    const { deaf, a } = await restoredUnheard();
    // As many transactions as were lost: the same number, another log.
    const { append } = await (await postgres(url, { heartbeatMs: 60_000 })).open(appId).then((log) => ({ append: log.append.bind(log) }));
    const other = newId();
    const entry = {
      id: 'another log',
      txId: 2,
      at: Date.now(),
      changes: [{ action: 'added', triple: [other, goalsId.id, other, 5] }],
    } as const;
    expect(await append([{ ...entry, changes: [...entry.changes, { action: 'added', triple: [other, title.id, 'other', 5] }] }])).toBe(
      'appended',
    );
    // Its clients have seen what is gone: they connect again, and send what was not answered again.
    a.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [] });
    await expect.poll(() => a.closedWith?.[0], patience).toBe(1012);
    expect(await write(await ready(deaf), 'new')).toBe('transact-ok');
    expect(await titles(deaf)).toEqual(['kept', 'new', 'other']);
  },
);

test('a server detects a restore although another server has since replaced the log by a snapshot', { timeout: 60_000 }, async () => {
  const { deaf, a } = await restoredUnheard();
  const storage = await postgres(url, { heartbeatMs: 60_000 });
  const log = await storage.open(appId);
  // As after a thousand more: only the snapshot is left.
  await log.compact({ ...replay(await log.load()), txId: 4, lastId: 'of another log' });
  await query(url, 'DELETE FROM triplane.log');
  await storage.close();
  a.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [] });
  await expect.poll(() => a.closedWith?.[0], patience).toBe(1012);
  expect(await titles(deaf)).toEqual(['kept']);
});

test('after a restore to a time before the app existed, the app is empty and accepts writes', { timeout: 60_000 }, async () => {
  await newDatabase();
  const first = await world();
  await first.hub.createApp({ id: 'a9900000-0000-4000-8000-0000000000ff' });
  open.length = 0;
  const storage = await postgres(url, { heartbeatMs: 100 });
  const restore = await server.dump(name);
  await first.hub.close();
  const later = bench({ storage });
  open.push(later);
  const peer = await ready(later);
  expect(await write(peer, 'lost', attrs)).toBe('transact-ok');
  await restore();
  await expect.poll(() => titles(later), patience).toEqual([]);
  expect(await write(await ready(later), 'new', attrs)).toBe('transact-ok');
  expect(await titles(later)).toEqual(['new']);
});

test(
  'while the database is down reads continue and writes fail; afterwards a server receives the writes of the other',
  { timeout: 60_000 },
  async () => {
    await newDatabase();
    const [one, other] = [await world(), await world()];
    const [a, b] = [await ready(one), await ready(other)];
    expect(await write(a, 'before', attrs)).toBe('transact-ok');
    await expect.poll(() => titles(other), patience).toEqual(['before']);
    await server.halt();
    expect(await write(a, 'refused')).toBe('error');
    const answer = await (await one.open()).response('add-query-ok', { op: 'add-query', q: { goals: {} } });
    expect(JSON.stringify(answer)).toContain('before');
    await server.start();
    await expect.poll(() => write(b, 'after'), patience).toBe('transact-ok');
    // Nothing more is written at the first server.
    const ledgerClock = setInterval(() => void one.clock.advance(500), 50);
    await expect.poll(() => titles(one), patience).toContain('after');
    clearInterval(ledgerClock);
    expect(await titles(one)).toEqual(await titles(other));
  },
);
