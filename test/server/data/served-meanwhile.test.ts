// What takes long on a server is done in slices, between which others are served.

import { expect, test } from 'vitest';
import { Attrs } from '../../../src/db/attrs.ts';
import { Layer } from '../../../src/db/layer.ts';
import { Row } from '../../../src/db/row.ts';
import { Store } from '../../../src/db/store.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { fillSteps } from '../../../src/server/data/fill-store.ts';
import { attrsWithNewTypes } from '../../../src/server/data/inferred-types.ts';
import { readSteps } from '../../../src/server/data/step-shape.ts';
import { changeSetSteps, tripleChangeSteps } from '../../../src/server/data/triple-changes.ts';
import { txSteps } from '../../../src/server/http/admin-steps.ts';
import { listTextSteps } from '../../../src/server/list-text.ts';
import { parseSteps } from '../../../src/server/slices.ts';
import { listSizeSteps, sizeOfEntry } from '../../../src/server/storage/entry-size.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { replay, replaySteps } from '../../../src/server/storage/replay.ts';
import { emptySnapshot, type LogEntry, type Snapshot, type Storage } from '../../../src/server/storage/storage.ts';
import { changesFor } from '../../../src/server/webhooks/changes.ts';
import { countChanges } from '../../../src/server/webhooks/event-index.ts';
import type { Webhook } from '../../../src/server/webhooks/webhook.ts';
import { adminToken, appId, bench, blob, newId, rest } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const attrs = [goalsId, title].map((attr) => ({ op: 'transact', 'tx-steps': [['add-attr', attr]] }));
const query = { op: 'add-query', q: { goals: { $: { aggregate: 'count' } } } };
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

test('a query is answered while the log is being compacted', async () => {
  const storage = memory();
  let compacting: (() => void) | undefined;
  const slow: Storage = {
    ...storage,
    async open(id) {
      const log = await storage.open(id);
      const compact = async (snapshot: Snapshot): Promise<void> => {
        await new Promise<void>((resolve) => (compacting = resolve));
        await log.compact(snapshot);
      };
      return { ...log, compact };
    },
  };
  const world = bench({ storage: slow });
  const [writer, reader] = [await world.open(), await world.open({ '__admin-token': adminToken })];
  for (const attr of attrs) await writer.request(attr);
  const long = 'x'.repeat(9_000_000);
  for (let time = 0; time < 2; time++)
    await writer.response('transact-ok', { op: 'transact', 'tx-steps': [['add-triple', newId(), title.id, long]] });
  while (!compacting) await turn();
  writer.heard.length = 0;
  expect(await reader.response('add-query-ok', query)).toBeDefined();
  writer.send({ op: 'transact', 'tx-steps': [['add-triple', newId(), title.id, 'after all']] });
  await rest();
  expect(writer.take('transact-ok')).toEqual([]);
  compacting();
  while (writer.take('transact-ok').length === 0) await turn();
});

test('a long write that arrives behind a short one holds nobody up', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(), await world.open({ '__admin-token': adminToken })];
  for (const attr of attrs) await writer.request(attr);
  const rows = Array.from({ length: 1200 }, newId).map((id) => ['add-triple', id, goalsId.id, id]);
  writer.heard.length = 0;
  writer.send({ op: 'transact', 'client-event-id': 'short', 'tx-steps': [['add-triple', newId(), title.id, 'short']] });
  writer.send({ op: 'transact', 'client-event-id': 'long', 'tx-steps': rows });
  reader.send(query);
  let answered: number | undefined;
  for (; !JSON.stringify(writer.heard).includes('long'); await turn()) {
    if (reader.take('add-query-ok').length > 0) answered = writer.heard.filter(({ op }) => op === 'transact-ok').length;
  }
  expect(answered).toBe(1);
  expect(JSON.stringify(await reader.response('add-query-ok', { ...query, q: { ...query.q, others: {} } }))).toContain('"count":1200');
});

test('replaying, compacting, loading, and what a change means to the log pause at least every 10,000 triples', () => {
  const entities = 9000;
  const wire = [goalsId, title] as unknown as readonly WireAttr[];
  const triples = Array.from({ length: entities }, (_, n) => `e${n}`).flatMap((id): Triple[] => [
    [id, goalsId.id, id, 1],
    [id, title.id, 'a', 1],
  ]);
  const snapshot: Snapshot = { ...emptySnapshot, txId: 1, attrs: wire, triples };
  const changes = triples.slice(0, 3000).map((triple) => ({ action: 'removed' as const, triple }));
  const entries: LogEntry[] = [2, 3, 4].map((txId) => ({ txId, at: 1, changes: changes.slice((txId - 2) * 1000, (txId - 1) * 1000) }));
  expect(breaks(replaySteps({ snapshot, entries }))).toBeGreaterThanOrEqual(2);
  expect(replay({ snapshot, entries }).triples).toEqual(triples.slice(3000));
  expect(breaks(listSizeSteps(triples))).toBeGreaterThanOrEqual(2);
  expect(resultOf(listSizeSteps(triples))).toBe(sizeOfEntry(triples));
  const store = new Store(Attrs.from(wire), { times: true });
  expect(breaks(fillSteps(store, triples))).toBeGreaterThanOrEqual(4);
  expect([...store.triples()]).toEqual(triples);
  const changeSet = new Map([['goals', new Map([...store.rows('goals')].map((before) => [before.id, { before, after: undefined }]))]]);
  expect(breaks(tripleChangeSteps(changeSet, store.attrs, []))).toBeGreaterThanOrEqual(2);
  expect(breaks(parseSteps(Array.from({ length: 10 }, () => JSON.stringify('x'.repeat(300_000)))))).toBeGreaterThanOrEqual(4);
});

test('the steps of a long transaction, the types of its values and its events pause at least every 10,000', () => {
  const ids = Array.from({ length: 20_000 }, newId);
  const steps = ids.map((id) => ['add-triple', id, goalsId.id, id]);
  expect(breaks(readSteps(steps))).toBeGreaterThanOrEqual(2);
  expect(resultOf(readSteps(steps))).toHaveLength(20_000);
  expect(() => breaks(readSteps([...steps, ['no', 'step']]))).toThrow(
    expect.objectContaining({ hint: expect.objectContaining({ errors: [expect.objectContaining({ in: [20_000, 0] })] }) }),
  );
  const known = Attrs.from([goalsId, title] as unknown as readonly WireAttr[]);
  const rows = ids.map((id) => [id, { before: undefined, after: new Row(id, 1, [id, 'a']) }] as const);
  const changeSet = new Map([['goals', new Map(rows)]]);
  expect(breaks(attrsWithNewTypes(known, changeSet))).toBeGreaterThanOrEqual(2);
  expect(resultOf(attrsWithNewTypes(known, changeSet)).map((attr) => attr['inferred-types'])).toEqual([['string'], ['string']]);
  const webhook = { namespaces: ['goals'], actions: ['create'] } as unknown as Webhook;
  expect(breaks(changesFor(webhook, changeSet, known))).toBeGreaterThanOrEqual(2);
  const changes = resultOf(changesFor(webhook, changeSet, known));
  expect(changes).toHaveLength(20_000);
  expect(breaks(countChanges(changes))).toBeGreaterThanOrEqual(2);
});

test('what a layer changed is collected, and the steps of the admin SDK are read and expanded, in slices', () => {
  const known = Attrs.from([goalsId, title] as unknown as readonly WireAttr[]);
  const layerOf = (): Layer => {
    const layer = new Layer(new Store(known, { times: true }));
    for (const id of Array.from({ length: 20_000 }, (_, n) => `e${n}`)) layer.put('goals', id, new Row(id, 1, [id, 'a']));
    return layer;
  };
  expect(breaks(changeSetSteps(layerOf()))).toBeGreaterThanOrEqual(3);
  expect([...resultOf(changeSetSteps(layerOf()))]).toEqual([...layerOf().takeChangeSet()]);
  const given = Array.from({ length: 10_000 }, () => ['update', 'goals', newId(), { title: 'a' }]);
  const options = { attrs: known, uuid: newId, areMissingAttrsRejected: false };
  expect(breaks(txSteps(given, options))).toBeGreaterThanOrEqual(80);
  expect(resultOf(txSteps(given, options)).filter(([op]) => op === 'add-triple')).toHaveLength(20_000);
});

test('a long list in an answer is written in parts', () => {
  const list = Array.from({ length: 3000 }, (_, n) => n);
  const shown = (n: number): unknown => ({ n });
  expect(breaks(listTextSteps(list, { shown }))).toBeGreaterThanOrEqual(6);
  expect(breaks(listTextSteps(list, { itemsOfPart: 2000 }))).toBe(2);
  const text = (some: readonly number[]): unknown => JSON.parse(resultOf(listTextSteps(some, { shown })).join(''));
  expect(text(list)).toEqual(list.map(shown));
  expect(text([])).toEqual([]);
});

test('a server that reads a long log while another appends to it ends with what both wrote', async () => {
  const storage = memory();
  const first = bench({ storage });
  const writer = await first.open();
  for (const attr of attrs) await writer.request(attr);
  const rows = Array.from({ length: 8000 }, newId).map((id) => ['add-triple', id, goalsId.id, id]);
  writer.heard.length = 0;
  writer.send({ op: 'transact', 'tx-steps': rows });
  while (writer.take('transact-ok').length === 0) await turn();
  const second = bench({ storage });
  const opened = second.hub.app(appId);
  for (let n = 0; n < 20; n++) {
    writer.send({ op: 'transact', 'tx-steps': [['add-triple', newId(), goalsId.id, newId()]] });
    await turn();
  }
  for (let applied = 0; applied < 20; applied += writer.take('transact-ok').length) await turn();
  const { ledger } = await opened;
  await rest();
  expect(ledger.db.size('goals')).toBe((await first.hub.app(appId)).ledger.db.size('goals'));
  expect(ledger.db.size('goals')).toBe(8020);
});

function breaks(steps: Generator<void>): number {
  let count = 0;
  while (!steps.next().done) count++;
  return count;
}

function resultOf<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
