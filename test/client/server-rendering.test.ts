// Queries for pages rendered on a server: over HTTP there, the same result on both sides.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type InstantCoreDatabase, init } from '../../src/client/database.ts';
import { type DehydratedResult, FrameworkClient } from '../../src/client/server-rendering.ts';
import { getInfiniteQueryInitialSnapshot } from '../../src/client/infinite-snapshot.ts';
import { i } from '../../src/schema/schema.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { useRecorder } from '../http/recorder.ts';

const appId = 'a9900000-0000-4000-8000-000000000001';
const recorder = useRecorder();

const attr = (n: number, label: string) => ({
  id: `a7000000-0000-4000-8000-00000000000${n}`,
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [`1d000000-0000-4000-8000-00000000000${n}`, 'goals', label],
  'unique?': label === 'id',
  'index?': false,
});
const attrs = [attr(1, 'id'), attr(2, 'title')];
const triples = [
  ['g1', attrs[0]?.id, 'g1', 1],
  ['g1', attrs[1]?.id, 'Learn to swim', 1],
];
const result = [{ data: { 'datalog-result': { 'join-rows': [triples] } }, 'child-nodes': [] }];

const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
let db: InstantCoreDatabase<typeof schema>;
let client: FrameworkClient;

beforeEach(() => {
  db = init({ appId, schema, apiURI: recorder.apiURI, storage: memoryStore(), startsWhenUsed: true });
  client = new FrameworkClient({ db, token: 'f0000000-0000-4000-8000-000000000001' });
  recorder.response({ body: { attrs, result } });
});
afterEach(() => db.shutdown());

describe('on a server', () => {
  test('the client requests a result over HTTP as the user of the page', async () => {
    const answer = await client.getTriplesAndAttrsForQuery({ goals: {} });
    const [asked] = recorder.requested;
    expect([asked?.method, asked?.url, asked?.headers['app-id'], asked?.headers.authorization, asked?.body]).toEqual([
      'POST',
      '/runtime/framework/query',
      appId,
      'Bearer f0000000-0000-4000-8000-000000000001',
      '{"query":{"goals":{}}}',
    ]);
    expect(answer).toMatchObject({ type: 'http', triples, attrs });
    expect(client.completeIsomorphic({ goals: {} }, answer.triples, answer.attrs).data).toEqual({
      goals: [{ id: 'g1', title: 'Learn to swim' }],
    });
  });

  test('each result is emitted for the page, and cached by its query', async () => {
    const told: Omit<DehydratedResult, 'type'>[] = [];
    client.subscribe((answer) => told.push(answer));
    const entry = client.query({ goals: {} }, { ruleParams: { key: 1 } });
    expect([entry.status, entry.type]).toEqual(['pending', 'http']);
    await entry.promise;
    expect(entry).toMatchObject({ status: 'success', promise: null });
    expect(told).toMatchObject([{ query: { $$ruleParams: { key: 1 }, goals: {} }, triples, attrs }]);
    expect(client.getExistingResultForQuery({ goals: {} }, { ruleParams: { key: 1 } })).toBe(entry);
    expect(client.getExistingResultForQuery({ goals: {} })).toBeUndefined();
    client.removeCachedQueryResult(told[0]?.queryHash ?? '');
    expect(client.resultMap.size).toBe(0);
  });

  test('a rejection is an error of its query, and causes no unhandled rejection', async () => {
    recorder.response({ status: 400, body: { type: 'validation-failed', message: 'no such namespace' } });
    const entry = client.query({ goals: {} });
    await expect(entry.promise).rejects.toMatchObject({ code: 'refused', message: 'no such namespace' });
    expect(entry.status).toBe('error');
  });

  test('a malformed response is an error', async () => {
    recorder.response({ body: { result } });
    await expect(client.getTriplesAndAttrsForQuery({ goals: {} })).rejects.toMatchObject({ code: 'server-failed' });
  });
});

test('in a browser, a result delivered with the page is found by its query', () => {
  const { hash, query } = client.hashQuery({ goals: {} });
  client.addQueryResult(hash, { type: 'http', triples: triples as never, attrs: attrs as never, queryHash: hash, query });
  expect(client.getExistingResultForQuery({ goals: {} })).toMatchObject({ status: 'success', data: { queryHash: hash } });
});

test('the initial snapshot of an infinite query is empty', () => {
  const nothing = { canLoadNextPage: false, data: undefined, error: undefined };
  expect(getInfiniteQueryInitialSnapshot(db, { goals: {} })).toEqual(nothing);
  expect(getInfiniteQueryInitialSnapshot(db, null)).toEqual(nothing);
});
