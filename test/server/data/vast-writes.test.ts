// A write of few steps may change very many rows: it is planned, applied, stored and told of in slices, and seen as a whole.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';
import { entrySteps, entryTextSteps } from '../../../src/server/storage/entry-text.ts';
import { countEntrySteps, sizeOfEntry, sizeOfLogEntry } from '../../../src/server/storage/entry-size.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import { emptySnapshot, type LogEntry, type Storage } from '../../../src/server/storage/storage.ts';
import { replaySteps } from '../../../src/server/storage/replay.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { completed } from '../../../src/lib/yielding.ts';
import { adminToken, appId, bench, blob, link, newId, type TestPeer } from '../bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'vast-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [parentId, kidId] = [blob('parents', 'id'), blob('kids', 'id')];
const parent = link('kids', 'parent', 'parents', 'kids', { cardinality: 'one', 'on-delete': 'cascade' });
const attrs = [parentId, kidId, parent] as unknown as readonly WireAttr[];
const root = newId();
const kids = Array.from({ length: 12_000 }, newId);
const triples: Triple[] = [
  [root, parentId.id, root, 1],
  ...kids.flatMap((id): Triple[] => [
    [id, kidId.id, id, 1],
    [id, parent.id, root, 1],
  ]),
];
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
const count = { kids: { $: { aggregate: 'count' } } };

async function filled(storage: Storage): Promise<Storage> {
  const log = await storage.open(appId);
  await log.append([{ txId: 1, at: 1, changes: [] }]);
  await log.compact({ ...emptySnapshot, txId: 1, at: 1, attrs, triples });
  return storage;
}

/** Counts turns of the event loop until there is such a message. */
async function turnsUntil(peer: TestPeer, op: string): Promise<number> {
  for (let turns = 0; ; turns++) {
    if (peer.heard.some((each) => each.op === op)) return turns;
    await turn();
  }
}

test.each([
  ['memory', memory],
  ['SQLite', () => sqlite(join(folder, 'cascade.db'))],
])('a cascade over many rows lets others in often, and they see all of it or nothing: %s', async (_, open) => {
  const storage = await filled(await open());
  const world = bench({ storage });
  const [writer, reader] = [await world.open({ '__admin-token': adminToken }), await world.open({ '__admin-token': adminToken })];
  const seen = new Set<number>();
  let turns = 0;
  const ask = (): string => reader.send({ op: 'add-query', q: { ...count, [`other${turns}`]: {} } });
  writer.send({ op: 'transact', 'tx-steps': [['delete-entity', root, 'parents']] });
  for (ask(); !writer.heard.some(({ op }) => op === 'transact-ok'); turns++) {
    await turn();
    const answers = reader.take('add-query-ok');
    for (const answer of answers) seen.add(countIn(answer));
    if (answers.length > 0) ask();
  }
  // About 24 for the plan, 24 to carry it out, and one for each 5,000 triples or rows in what follows.
  expect(turns).toBeGreaterThan(55);
  expect([...seen].filter((kidsSeen) => kidsSeen !== kids.length && kidsSeen !== 0)).toEqual([]);
  expect(seen.has(kids.length)).toBe(true);
  await storage.close();
});

function countIn(answer: unknown): number {
  return Number(/"count":(\d+)/.exec(JSON.stringify(answer))?.[1]);
}

test('another server applies it in slices, too, and reads there wait for all of it', async () => {
  const storage = await filled(memory());
  const [here, there] = [bench({ storage }), bench({ storage })];
  const admin = { '__admin-token': adminToken };
  const [writer, reader] = [await here.open(admin), await there.open(admin)];
  reader.send({ op: 'add-query', q: count });
  await turnsUntil(reader, 'add-query-ok');
  expect(countIn(reader.take('add-query-ok'))).toBe(kids.length);
  writer.send({ op: 'transact', 'tx-steps': [['delete-entity', root, 'parents']] });
  await turnsUntil(writer, 'transact-ok');
  reader.heard.length = 0;
  reader.send({ op: 'add-query', q: { ...count, others: {} } });
  expect(await turnsUntil(reader, 'add-query-ok')).toBeGreaterThan(4);
  expect(countIn(reader.take('add-query-ok'))).toBe(0);
});

test('an attribute that gets an index, a type and uniqueness is checked against the rows there are in slices', async () => {
  const world = bench({ storage: await filled(memory()) });
  await world.hub.app(appId);
  const writer = await world.open({ '__admin-token': adminToken });
  const code = blob('kids', 'code', { 'index?': true, 'unique?': true, 'checked-data-type': 'string' });
  writer.send({ op: 'transact', 'tx-steps': [['add-attr', code]] });
  // 12,000 rows: made null, looked at as written, and applied as changes, in 3 slices each, beside what they mean to the log.
  expect(await turnsUntil(writer, 'transact-ok')).toBeGreaterThan(20);
  const [one, other] = kids;
  const write = (id: string | undefined) => writer.request({ op: 'transact', 'tx-steps': [['add-triple', id, code.id, 'same']] });
  expect((await write(one)).map(({ op }) => op)).toContain('transact-ok');
  expect(JSON.stringify(await write(other))).toContain('record-not-unique');
});

test('a guest who makes thousands of attributes in one transaction keeps others waiting as little as one who writes values', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(), await world.open()];
  const made = Array.from({ length: 9000 }, (_, at) => ['add-attr', blob(`ns${at % 3}`, `label${at}`)]);
  writer.send({ op: 'transact', 'tx-steps': made });
  reader.send({ op: 'add-query', q: {} });
  expect(await turnsUntil(writer, 'transact-ok')).toBeGreaterThan(30);
  const { attrs } = (await world.hub.app(appId)).ledger.db;
  expect(attrs.namespace('ns1').forward.size).toBe(3000);
});

test('a long log entry is counted, written, parsed and replayed in parts, as it is in one', () => {
  const entry: LogEntry = {
    ...{ id: 'e"[]\n', txId: 2, at: 2, records: { hook: { changes: [] } } },
    changes: triples.slice(1).map((triple) => ({ action: 'removed', triple })),
  };
  const [counted, breaks] = counting(countEntrySteps(entry));
  expect([counted, breaks >= 4]).toEqual([undefined, true]);
  expect(sizeOfLogEntry(entry)).toBe(sizeOfEntry(entry));
  const [texts, writes] = counting(entryTextSteps([entry, { ...entry, changes: [] }]));
  expect(writes).toBeGreaterThanOrEqual(5);
  expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual([entry, { ...entry, changes: [] }]);
  const [entries, reads] = counting(entrySteps(texts));
  expect(reads).toBeGreaterThanOrEqual(2);
  expect(entries).toEqual([entry, { ...entry, changes: [] }]);
  const [snapshot, replays] = counting(replaySteps({ snapshot: { ...emptySnapshot, txId: 1, attrs, triples }, entries: [entry] }));
  expect(replays).toBeGreaterThanOrEqual(8);
  expect(snapshot.triples).toEqual([triples[0]]);
  expect(completed(entrySteps([]))).toEqual([]);
});

function counting<T>(steps: Generator<void, T>): readonly [T, number] {
  for (let breaks = 0; ; breaks++) {
    const { done, value } = steps.next();
    if (done) return [value, breaks];
  }
}
