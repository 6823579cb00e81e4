// `db.on`: what a database tells of what it does, over a line that the test holds.

import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { resolveConfig } from '../../src/client/config.ts';
import { InstantCoreDatabase } from '../../src/client/database.ts';
import { init } from '../../src/index.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import type { Platform } from '../../src/reactor/reactor.ts';
import { observe } from '../../src/reactor/debug/observe.ts';
import { redacted } from '../../src/reactor/debug/redact.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { DatabaseEvent } from '../../src/types/events.ts';
import { appId, testClient, type TestClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { FakeBrowser } from '../support/fake-tabs.ts';
import { addQueryOk, goalId, initOk, rejection } from '../support/goals.ts';
import { eventually } from '../support/eventually.ts';

let client: TestClient;
let db: InstantCoreDatabase<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- an app without a schema

function open(config: Partial<ReactorConfig & Platform> = {}): void {
  client = testClient(config);
  db = new InstantCoreDatabase(client.reactor, resolveConfig({ appId }));
}

/** What is told from here on; the code for it is loaded before it returns. */
async function listened<Type extends DatabaseEvent['type'] | '*'>(type: Type): Promise<DatabaseEvent[]> {
  const events: DatabaseEvent[] = [];
  db.on(type, (event) => events.push(event));
  await until(() => expect(client.reactor.events.listeners('fact').length).toBe(1));
  return events;
}

const until = (check: () => void): Promise<void> => eventually(check);
const without = ({ atMs: _atMs, ...event }: DatabaseEvent): object => event;
const addGoal = () => db.transact(db.tx['goals']![goalId(1)]!.create({ title: 'Swim' }));

beforeAll(() => import('../../src/reactor/debug/observer.ts'));
afterEach(() => client.reactor.close());

describe('events', () => {
  test('a write emits its states, with durations', async () => {
    open();
    const events = await listened('outbox');
    await settled();
    await client.receive(initOk());
    void addGoal();
    await settled();
    const eventId = client.sentMessages('transact')[0]?.['client-event-id'] ?? '';
    await client.clock.advance(40);
    await client.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 1 });
    await until(() => expect(events).toHaveLength(4));
    expect(events.map(without)).toEqual([
      { type: 'outbox', state: 'persisted', eventId, waiting: 1 },
      { type: 'outbox', state: 'sent', eventId, waiting: 1 },
      { type: 'outbox', state: 'acknowledged', eventId, waiting: expect.any(Number), tookMs: 40 },
      { type: 'outbox', state: 'done', eventId, waiting: 0 },
    ]);
  });

  test('a rejected write emits its error', async () => {
    open();
    const events = await listened('outbox');
    await settled();
    await client.receive(initOk());
    addGoal().catch(() => {});
    await settled();
    await client.receive(rejection(client.sentMessages('transact')[0]?.['client-event-id'] ?? ''));
    await until(() => expect(events).toContainEqual(expect.objectContaining({ state: 'rejected', error: expect.objectContaining({ type: 'permission-denied' }) }))); // prettier-ignore
  });

  test('a query emits subscribed, result, changed and ended, and the messages sent and received', async () => {
    open();
    const events = await listened('*');
    await settled();
    await client.receive(initOk());
    const stop = db.subscribeQuery({ goals: {} }, () => {});
    await client.clock.advance(25);
    await client.receive(addQueryOk([], 1));
    stop();
    await until(() => expect(events).toContainEqual(expect.objectContaining({ type: 'query', state: 'ended' })));
    const of = (type: string) => events.filter((event) => event.type === type);
    const key = '{"goals":{}}';
    expect(of('query').map(without)).toEqual([
      { type: 'query', state: 'subscribed', key },
      { type: 'query', state: 'result', key, tookMs: 25 },
      { type: 'query', state: 'changed', key },
      { type: 'query', state: 'ended', key },
    ]);
    expect(of('sent').map((event) => 'op' in event && event.op)).toEqual(['init', 'add-query', 'remove-query']);
    expect(of('received').map((event) => 'op' in event && event.op)).toEqual(['init-ok', 'add-query-ok']);
    expect(of('connection').map(without)).toEqual(['opened', 'authenticated'].map((status) => ({ type: 'connection', status })));
    expect(of('storage').length).toBeGreaterThan(0);
  });

  test('a storage failure emits a storage event and an error event', async () => {
    const store = { ...memoryStore(), write: () => Promise.reject(new Error('full')) };
    open({ store });
    const events = await listened('*');
    await settled();
    await client.receive(initOk());
    void addGoal();
    await until(() => expect(events).toContainEqual(expect.objectContaining({ type: 'storage', state: 'failed' })));
    expect(events).toContainEqual(expect.objectContaining({ type: 'error', error: expect.objectContaining({ code: 'storage-failed' }) }));
    expect(client.errors).not.toEqual([]);
  });

  test('messages between tabs emit tab events', async () => {
    const browser = new FakeBrowser();
    const store = { ...memoryStore(), close: () => {} };
    const other = testClient({ tabs: browser.tab(), store });
    // It begins to send, and says who is signed in.
    await settled();
    open({ tabs: browser.tab(), store });
    const events = await listened('tab');
    await settled();
    void addGoal();
    await until(() => expect(events.map(without)).toEqual([{ type: 'tab', direction: 'sent', message: 'write' }]));
    await other.reactor.close();
  });

  test('events that occur while the observer module loads are emitted afterwards, in order and with their time', async () => {
    open();
    const before = client.clock.now();
    const events: DatabaseEvent[] = [];
    db.on('connection', (event) => events.push(event));
    await settled();
    await client.receive(initOk());
    await client.clock.advance(1_000);
    await until(() => expect(events.map(without)).toMatchObject([{ status: 'opened' }, { status: 'authenticated' }]));
    expect(events.map(({ atMs }) => atMs)).toEqual([before, before]);
  });
});

describe('listeners', () => {
  test('a listener that throws is reported, and all listeners still receive every event', async () => {
    open();
    const heard: string[] = [];
    db.on('connection', ({ status }) => {
      heard.push(`first ${status}`);
      throw new Error('A listener failed');
    });
    db.on('error', () => {
      throw new Error('And so did this one');
    });
    db.on('connection', ({ status }) => heard.push(`second ${status}`));
    await settled();
    await client.receive(initOk());
    await until(() => expect(heard).toHaveLength(4));
    expect(heard.toSorted()).toEqual(['first authenticated', 'first opened', 'second authenticated', 'second opened']);
    expect(client.errors.map(({ message }) => message)).toEqual(['A listener failed', 'A listener failed']);
  });

  test('no listener is left after unsubscribing or closing the database', async () => {
    open();
    const told = vi.fn();
    const stop = db.on('*', told);
    stop();
    db.on('*', told);
    expect(client.reactor.events.listeners('fact').length).toBe(1);
    await db.close();
    told.mockClear();
    await settled();
    expect([client.reactor.events.listeners('fact').length, told.mock.calls.length]).toEqual([0, 0]);
    expect(() => db.on('*', told)).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test.each([
    ['ended', (stop: () => void) => stop()],
    ['closed', () => void db.close()],
  ])('a listener receives nothing once it is %s, from within or in the same task', async (_how, end) => {
    open();
    const within = vi.fn(() => end(stop));
    const stop = db.on('*', within);
    await until(() => expect(within).toHaveBeenCalledOnce());
    await settled();
    expect(within).toHaveBeenCalledOnce();
    await client.reactor.close();
    open();
    const late = vi.fn();
    const stopLate = db.on('sent', late);
    await settled();
    await client.receive(initOk());
    await until(() => expect(late).toHaveBeenCalled());
    late.mockClear();
    db.subscribeQuery({ goals: {} }, () => {});
    expect(client.sentMessages('add-query')).toHaveLength(1);
    end(stopLate);
    await settled();
    expect(late).not.toHaveBeenCalled();
  });
});

describe('secrets', () => {
  test('no token is in any event', async () => {
    const store = memoryStore();
    await store.write([{ put: 'user', value: { id: goalId(9), refresh_token: 'tell-nobody-1' } }]);
    open({ store, adminToken: 'tell-nobody-2' });
    const events = await listened('*');
    await settled();
    await client.receive({ op: 'error', status: 500, message: 'Later', 'original-event': { ...client.sentMessages('init')[0] } });
    await client.clock.advance(60_000);
    await client.receive(initOk());
    db.subscribeQuery({ goals: {} }, () => {}, { ruleParams: { key: 'tell-nobody-3' } });
    db.streams.createWriteStream({ clientId: 'story' });
    await until(() => expect(events).toContainEqual(expect.objectContaining({ op: 'start-stream' })));
    const token = client.sentMessages('start-stream')[0]?.['reconnect-token'] ?? '';
    expect(token).not.toBe('');
    const text = JSON.stringify(events);
    expect(text).toContain('[redacted]');
    expect([text.includes('tell-nobody'), text.includes(token)]).toEqual([false, false]);
  });

  test('rule parameters are in no event, from the start of a query to its end', async () => {
    open();
    const events = await listened('*');
    await settled();
    await client.receive(initOk());
    const query = { $$ruleParams: { secret: 'tell-nobody' }, goals: {} };
    const stop = db.subscribeQuery({ goals: {} }, () => {}, { ruleParams: query.$$ruleParams });
    await client.receive(addQueryOk([], 1, query));
    void db.transact(db.tx['goals']![goalId(1)]!.ruleParams({ secret: 'tell-nobody' }).create({ title: 'Swim' }));
    await settled();
    stop();
    await until(() => expect(events).toContainEqual(expect.objectContaining({ type: 'query', state: 'ended' })));
    const key = '{"$$ruleParams":"[redacted]","goals":{}}';
    const states = events.flatMap((event) => (event.type === 'query' && event.key === key ? event.state : []));
    expect([...new Set(states)]).toEqual(['subscribed', 'result', 'changed', 'ended']);
    const text = JSON.stringify(events);
    expect([text.includes('Swim'), text.includes('tell-nobody')]).toEqual([true, false]);
  });

  test('a result is kept unchanged, except for signed file URLs', () => {
    const plain = { 'join-rows': [[['e', 'a', 'https://example.com/?page=2', 1], ['e', 'b', { token: 'my token' }, 1]]] }; // prettier-ignore
    expect((redacted({ result: plain }) as { result: unknown }).result).toEqual(plain);
    const row = (url: string) => ({ result: [{ data: { 'datalog-result': { 'join-rows': [[['e', 'url', url, 1]]] } } }] });
    const address = 'https://files.example/a.png?';
    const signed = row(`${address}X-Amz-Expires=1&X-Amz-Signature=ab`);
    expect(redacted(signed)).toEqual(row(`${address}[redacted]`));
    expect(signed).toEqual(row(`${address}X-Amz-Expires=1&X-Amz-Signature=ab`));
  });

  test('a message is copied with all that is in it, so that a listener cannot modify the original', () => {
    const steps = [['add-triple', 'e', 'a', 1]];
    const message = { op: 'add-query', q: { goals: { $: { where: { done: false } } } }, 'tx-steps': steps };
    const told = redacted(message) as typeof message;
    expect(told).toEqual(message);
    expect([told === message, told.q === message.q, told.q.goals.$.where === message.q.goals.$.where]).toEqual([false, false, false]);
    expect([told['tx-steps'] === steps, told['tx-steps'][0] === steps[0]]).toEqual([false, false]);
  });

  test('secrets in a message are redacted', () => {
    const steps = [['add-triple', 'e', 'a', 'my token']];
    const files = [{ id: 'f', size: 1, url: 'https://files.example/f?signature=1' }];
    const message = { op: 'x', token: 't', 'tx-steps': steps, files, q: { $$ruleParams: { a: 1 }, goals: {} }, 'client-event-id': null };
    expect(redacted(message)).toEqual({
      op: 'x',
      token: '[redacted]',
      'tx-steps': steps,
      files: [{ id: 'f', size: 1, url: 'https://files.example/f?[redacted]' }],
      q: { $$ruleParams: '[redacted]', goals: {} },
      'client-event-id': null,
    });
  });
});

describe('readable output', () => {
  test('the log gets one line per event', async () => {
    const lines: unknown[] = [];
    const log = { debug: () => {}, warn: () => {}, info: (line: unknown) => lines.push(line), error: (line: unknown) => lines.push(line) };
    open({ log });
    observe(client.reactor, '*');
    await settled();
    await client.receive(initOk());
    addGoal().catch(() => {});
    await settled();
    await client.receive(rejection(client.sentMessages('transact')[0]?.['client-event-id'] ?? ''));
    client.reactor.report(new Error('Something else'));
    await until(() => expect(lines).toContainEqual(expect.stringMatching(/^00:00:00\.000 error {6}Something else$/)));
    expect(lines).toContainEqual(expect.stringMatching(/ sent {7}init \S+$/));
    expect(lines).toContainEqual(expect.stringMatching(/ connection authenticated$/));
    expect(lines).toContainEqual(expect.stringMatching(/ outbox {5}rejected \S+ 0 ms \d waiting Permission denied/));
  });

  test('`debug` prints events to the console, and without it nothing is printed', async () => {
    open();
    const info = vi.spyOn(console, 'info').mockImplementation(() => {});
    const config = { appId, apiURI: 'http://127.0.0.1:9', onError: () => {} };
    const quiet = init({ ...config, storage: memoryStore() });
    await settled();
    await quiet.close();
    expect(info).not.toHaveBeenCalled();
    const loud = init({ ...config, storage: memoryStore(), debug: true });
    await until(() => expect(info).toHaveBeenCalledWith('[triplane]', expect.stringContaining('auth       nobody')));
    await loud.close();
    info.mockRestore();
  });
});
