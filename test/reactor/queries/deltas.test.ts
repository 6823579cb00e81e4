// Differences of answers, as the client takes them: onto what it holds, and not onto anything else.

import { expect, test } from 'vitest';
import type { ResultDelta } from '../../../src/protocol/query-messages.ts';
import { writeResult } from '../../../src/protocol/query-result.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { listener, type TestClient, testClient } from '../../support/client.ts';
import { attrIds, goalAttrs as attrs, goalId } from '../../support/goals.ts';

const q = { goals: {} };
const g1 = goalId(1);
const titled = (title: string): Triple => [g1, attrIds.title, title, 1];
const whole = (title: string): Triple[] => [[g1, attrIds.id, g1, 1], titled(title)];
const delta = (base: number, title: string): ResultDelta => ({
  'instaql-query': q,
  'base-tx-id': base,
  removed: [],
  added: [titled(title)],
});

async function received(): Promise<{
  client: TestClient;
  seen: ReturnType<typeof listener>;
  tell: (txId: number, ...deltas: ResultDelta[]) => Promise<void>;
}> {
  const client = testClient();
  const seen = listener();
  client.reactor.queries.subscribe(q, seen);
  await client.clock.advance(0);
  const triplane = { 'refresh-covers-all': true, deltas: true };
  await client.receive({ op: 'init-ok', 'session-id': 's', attrs, triplane });
  await client.receive({
    op: 'add-query-ok',
    q,
    result: writeResult({ triples: whole('a'), pageInfo: undefined, aggregate: undefined }),
    'processed-tx-id': 5,
  });
  const notify = (txId: number, ...deltas: ResultDelta[]): Promise<void> =>
    client.receive({ op: 'refresh-ok', computations: [], deltas, 'processed-tx-id': txId });
  return { client, seen, tell: notify };
}

const titleOf = ({ last }: ReturnType<typeof listener>): unknown => last?.data.goals?.map((goal) => (goal as { title: string }).title);

test('the client requests deltas in init', async () => {
  const { client } = await received();
  expect(client.sentMessages('init')).toMatchObject([{ triplane: { deltas: true } }]);
});

test('the client applies consecutive deltas', async () => {
  const { client, seen, tell: notify } = await received();
  await notify(7, delta(3, 'b'));
  expect(titleOf(seen)).toEqual(['b']);
  await notify(8);
  await notify(9, delta(7, 'c'));
  expect(titleOf(seen)).toEqual(['c']);
  await notify(10, {
    'instaql-query': q,
    'base-tx-id': 9,
    removed: [
      [g1, attrIds.title],
      [g1, attrIds.id],
    ],
    added: [],
  });
  expect(titleOf(seen)).toEqual([]);
  expect(client.sentMessages('remove-query')).toEqual([]);
});

test.each<[string, ResultDelta]>([
  ['with a base newer than the client’s result', delta(6, 'b')],
  ['that is malformed', { ...delta(3, 'b'), added: [[g1, attrIds.title, 'b'] as unknown as Triple] }],
])('a delta %s makes the client request the query again and ignore deltas until the new result', async (_what, misfit) => {
  const { client, seen, tell: notify } = await received();
  await notify(7, misfit);
  expect(titleOf(seen)).toEqual(['a']);
  expect(client.transport.channel.sent.slice(-2)).toMatchObject([
    { op: 'remove-query', q },
    { op: 'add-query', q },
  ]);
  await notify(8, delta(7, 'x'));
  expect(titleOf(seen)).toEqual(['a']);
  await client.receive({
    op: 'add-query-ok',
    q,
    result: writeResult({ triples: whole('d'), pageInfo: undefined, aggregate: undefined }),
    'processed-tx-id': 8,
  });
  expect(titleOf(seen)).toEqual(['d']);
  expect(client.errors).toEqual([]);
});

test('a delta for a query without a subscription is ignored', async () => {
  const { client, tell: notify } = await received();
  await notify(7, { ...delta(3, 'b'), 'instaql-query': { todos: {} } });
  expect(client.errors).toEqual([]);
});

test('a query that is removed and added again is not taken for unchanged by refreshes in between', async () => {
  const { client, seen, tell: notify } = await received();
  const result = (title: string): unknown => writeResult({ triples: whole(title), pageInfo: undefined, aggregate: undefined });
  await client.receive({ op: 'error', status: 500, type: 'x', 'original-event': { op: 'refresh' } } as never);
  const [first, second] = client.sentMessages('add-query');
  expect(second?.['client-event-id']).not.toBe(first?.['client-event-id']);
  // Sent before the server had read either.
  const late = { op: 'refresh-ok', computations: [{ 'instaql-query': q, 'instaql-result': result('b') }], 'processed-tx-id': 6 };
  await client.receive(late as never);
  const answer = (title: string, txId: number, request: typeof first): Promise<void> =>
    client.receive({
      op: 'add-query-ok',
      q,
      result: result(title),
      'processed-tx-id': txId,
      'client-event-id': request?.['client-event-id'],
    } as never);
  await answer('b', 6, first);
  await notify(8);
  await answer('c', 7, second);
  expect(titleOf(seen)).toEqual(['c']);
  await notify(9, delta(7, 'd'));
  expect(titleOf(seen)).toEqual(['d']);
});
