// A change of very many rows reaches live queries as a delta that is found, and written, in slices.

import { expect, test } from 'vitest';
import { Attrs } from '../../../src/db/attrs.ts';
import { Store } from '../../../src/db/store.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { compile } from '../../../src/query/compile.ts';
import { KeptResults } from '../../../src/server/queries/kept-results.ts';
import { QueryWork } from '../../../src/server/queries/query-work.ts';
import { type Evaluation, Subscription } from '../../../src/server/queries/subscription.ts';
import { encodeMessage } from '../../../src/server/session/encode.ts';
import { supportedFeatures } from '../../../src/protocol/version.ts';
import { adminToken, bench, blob, newId } from '../bench.ts';

const [goalsId, title] = [blob('goals', 'id'), blob('goals', 'title')];
const attrs = [goalsId, title];
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
const rows = 12_000;
const ids = Array.from({ length: rows }, newId);

function storeOf(text: string): Store {
  const store = new Store(Attrs.from(attrs as unknown as readonly WireAttr[]), { times: true });
  const triples = ids.flatMap((id): Triple[] => [
    [id, goalsId.id, id, 1],
    [id, title.id, text, 2],
  ]);
  store.load(triples);
  return store;
}

/** Runs an evaluation in slices of a server; returns how many there were since the result itself was there. */
function evaluated(subscription: Subscription, db: Store): readonly [Evaluation, number] {
  const work = new QueryWork(Infinity);
  const steps = subscription.evaluate(db);
  for (let slices = 1; ; slices++) {
    const { done, value } = work.slice(() => steps.next());
    if (done) return [value, slices];
  }
}

test('comparing two vast results has breaks, and its outcome is applied without comparing again', () => {
  const before = storeOf('a');
  const after = storeOf('b');
  const bounds = { maxLength: 1e9, keptResults: new KeptResults(1e9) };
  const prepared = {
    compiled: compile({ goals: { $: { order: { serverCreatedAt: 'asc' } } } }, before.attrs),
    returnType: 'join-rows' as const,
    visibleIn: undefined,
  };
  const subscription = new Subscription('it', { goals: {} }, prepared, undefined, 0, bounds);
  const [first, slices] = evaluated(subscription, before);
  subscription.attach({
    id: newId(),
    actor: { userId: undefined, isAdmin: true },
    features: supportedFeatures(undefined),
    acceptsDeltas: true,
  });
  subscription.evaluated(first, 1);
  const [second, more] = evaluated(subscription, after);
  expect(more - slices).toBeGreaterThanOrEqual(5);
  const forms = subscription.evaluated(second, 2);
  const delta = forms?.delta && 'delta' in forms.delta ? forms.delta.delta : undefined;
  const frame = encodeMessage({
    ...{ op: 'refresh-ok', 'processed-tx-id': 2, 'processed-isn': '1/0/2', computations: [] },
    deltas: delta ? [delta] : [],
  });
  expect(frame).toBeInstanceOf(Array);
  const read = JSON.parse([frame].flat().join('')) as { deltas: { removed: unknown[]; added: Triple[] }[] };
  expect(read.deltas[0]?.removed).toEqual([]);
  expect(read.deltas[0]?.added).toEqual(ids.map((id) => [id, title.id, 'b', 2]));
});

test('live queries over thousands of rows that change are brought up to date in several turns', async () => {
  const world = bench();
  const writer = await world.open({ '__admin-token': adminToken });
  const writeAll = (made: (id: string) => unknown[]): string => writer.send({ op: 'transact', 'tx-steps': ids.slice(0, 9000).map(made) });
  await writer.request({ op: 'transact', 'tx-steps': attrs.map((attr) => ['add-attr', attr]) });
  writeAll((id) => ['add-triple', id, goalsId.id, id]);
  for (writer.heard.length = 0; writer.take('transact-ok').length === 0;) await turn();
  const reader = await world.open({ '__admin-token': adminToken, triplane: { deltas: true } });
  const questions = Array.from({ length: 6 }, (_, at) => ({ goals: {}, [`other${at}`]: {} }));
  for (const q of questions) reader.send({ op: 'add-query', q });
  for (let answers = 0; answers < questions.length; answers += reader.take('add-query-ok').length) await turn();
  writeAll((id) => ['add-triple', id, title.id, 'new']);
  const told = new Map<string, number>();
  let turns = 0;
  for (let since = -1; told.size < questions.length; turns++) {
    await turn();
    if (since < 0 && writer.heard.some(({ op }) => op === 'transact-ok')) [since, turns] = [0, 0];
    for (const { deltas = [] } of reader.take('refresh-ok') as unknown as { deltas?: { 'instaql-query': object; added: unknown[] }[] }[])
      for (const { 'instaql-query': q, added } of deltas) told.set(JSON.stringify(q), added.length);
  }
  expect([...told.values()]).toEqual(questions.map(() => 9000));
  expect(turns).toBeGreaterThan(20);
});
