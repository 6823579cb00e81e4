// Big answers that are read in slices: what happens between two of them is as right as after, and nothing overtakes.

import { expect, test } from 'vitest';

import { writeResult } from '../../../src/protocol/query-result.ts';
import type { ServerMessage } from '../../../src/protocol/server-message.ts';
import type { Progress } from '../../../src/reactor/queries/live-query.ts';
import { slicedTransport } from '../../../src/reactor/queries/sliced-transport.ts';
import { listener, type TestClient, testClient } from '../../support/client.ts';
import { FakeTransport } from '../../support/fake-line.ts';
import { chunk, goalId, goalsQuery as q, goalTriples, initOk } from '../../support/goals.ts';
import { FakeScheduler } from '../../support/slices.ts';

interface Opened {
  readonly client: TestClient;
  readonly slices: FakeScheduler;
  readonly transport: FakeTransport;
  readonly hear: (message: ServerMessage) => void;
}

/** Each slice is two rows, or two triples. */
async function opened(): Promise<Opened> {
  const slices = new FakeScheduler();
  const transport = new FakeTransport((channel) => channel.on.opened());
  const reading = slicedTransport(transport, {
    queries: () => client.reactor.state.queries,
    scheduler: slices,
    yieldEvery: 1,
    report: (error) => client.errors.push(error),
    batchSize: 2,
  });
  const client: TestClient = testClient({ transports: [reading] });
  await client.clock.advance(0);
  const receive = (message: ServerMessage): void => transport.channel.on.message(message);
  receive(initOk());
  return { client, slices, transport, hear: receive };
}

const answerOf = (titles: readonly string[], txId: number): ServerMessage => ({
  op: 'add-query-ok',
  q,
  result: resultOf(titles),
  'processed-tx-id': txId,
});
const refreshOf = (titles: readonly string[], txId: number): ServerMessage => ({
  op: 'refresh-ok',
  computations: [{ 'instaql-query': q, 'instaql-result': resultOf(titles) }],
  'processed-tx-id': txId,
});
const resultOf = (titles: readonly string[]): ReturnType<typeof writeResult> =>
  writeResult({
    triples: titles.flatMap((title, at) => goalTriples({ id: goalId(at), title }, at)),
    pageInfo: undefined,
    aggregate: undefined,
  });

type Seen = ReturnType<typeof listener>;
const titlesOf = ({ last }: Seen): unknown => last?.data.goals?.map((goal) => (goal as { title: string }).title);
const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

test('the listener receives the whole result once, and its progress meanwhile', async () => {
  const { client, slices, hear: receive } = await opened();
  const seen = listener();
  const steps: Progress[] = [];
  client.reactor.queries.subscribe(q, { ...seen, progress: (step) => steps.push(step) });
  receive(answerOf(many, 1));
  expect(slices.isPaused).toBe(true);
  expect(await slices.rest(() => expect(seen.results).toEqual([]))).toBeGreaterThan(5);
  expect(titlesOf(seen)).toEqual(many);
  expect(seen.results).toHaveLength(1);
  expect(steps.every(({ query, done, total }) => query === q && done > 0 && done <= total)).toBe(true);
  expect(steps.map(({ done }) => done)).toEqual(steps.map(({ done }) => done).sort((a, b) => a - b));
});

test('a small result is read at once', async () => {
  const { client, slices, hear: receive } = await opened();
  const seen = listener();
  client.reactor.queries.subscribe(q, seen);
  receive(answerOf(['a'], 1));
  await slices.rest();
  expect(titlesOf(seen)).toEqual(['a']);
});

test('a write made between two slices is part of the shown result', async () => {
  const { client, slices, hear: receive } = await opened();
  const seen = listener();
  client.reactor.queries.subscribe(q, seen);
  receive(answerOf(many, 1));
  await slices.next();
  await slices.next();
  void client.reactor.writes.transact(chunk('create', goalId(50), { title: 'new' })).catch(() => {});
  await slices.next();
  void client.reactor.writes.transact(chunk('update', goalId(50), { title: 'newer' })).catch(() => {});
  await slices.rest();
  expect(titlesOf(seen)).toEqual([...many, 'newer']);
});

test('a refresh received meanwhile is applied afterwards; unchanged rows keep their identity', async () => {
  const { client, slices, hear: receive } = await opened();
  const seen = listener();
  client.reactor.queries.subscribe(q, seen);
  receive(answerOf(many, 1));
  await slices.next();
  receive(refreshOf([...many.slice(0, 6), 'changed'], 2));
  receive({ op: 'refresh-ok', computations: [], 'processed-tx-id': 3 });
  await slices.rest();
  expect(seen.results.map(({ data }) => data.goals?.length)).toEqual([7, 7]);
  expect(titlesOf(seen)).toEqual([...many.slice(0, 6), 'changed']);
  const [first, second] = seen.results.map(({ data }) => data.goals ?? []);
  expect(first?.map((goal, at) => goal === second?.[at])).toEqual([true, true, true, true, true, true, false]);
});

test('the result of a query without listeners is dropped, and the next result is not delayed', async () => {
  const { client, slices, hear: receive } = await opened();
  const [gone, seen] = [listener(), listener()];
  const stop = client.reactor.queries.subscribe(q, gone);
  receive(answerOf(many, 1));
  await slices.next();
  stop();
  client.reactor.queries.subscribe(q, seen);
  receive(answerOf(many.slice(2), 2));
  await slices.rest();
  expect(gone.results).toEqual([]);
  expect(titlesOf(seen)).toEqual(many.slice(2));
});

test('a result that is still being read is dropped when the connection is lost', async () => {
  const { client, slices, transport, hear: receive } = await opened();
  const seen = listener();
  client.reactor.queries.subscribe(q, seen);
  receive(answerOf(many, 1));
  receive(refreshOf(['too late'], 2));
  await slices.next();
  transport.channel.on.closed({ code: 1006, reason: '' });
  await slices.rest();
  expect(seen.results).toEqual([]);
});

test('after a shutdown the listener receives no result', async () => {
  const { client, slices, hear: receive } = await opened();
  const seen = listener();
  client.reactor.queries.subscribe(q, seen);
  receive(answerOf(many, 1));
  await slices.next();
  client.reactor.shutdown();
  await slices.rest();
  expect(seen.results).toEqual([]);
  expect(client.errors).toEqual([]);
});
