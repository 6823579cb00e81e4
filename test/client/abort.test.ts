// AbortSignal on every call that waits: the reason comes at once, what was begun is given up, and nothing keeps hold of the signal.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { resolveConfig } from '../../src/client/config.ts';
import { InstantCoreDatabase } from '../../src/client/database.ts';
import { id } from '../../src/lib/uuid.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { KeyValueOp, KeyValue } from '../../src/storage/key-value.ts';
import { appId, testClient, type TestClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { addQueryOk, goalAttrs, goalId, initOk, rejection } from '../support/goals.ts';
import { eventually } from '../support/eventually.ts';

/** Code that is loaded on demand takes as long as it takes. */
const until = (check: () => void): Promise<void> => eventually(check);

const reason = new Error('The user went elsewhere');

let client: TestClient;
let db: InstantCoreDatabase<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- an app without a schema
let controller: AbortController;
let listeners: () => number;
let fetched: RequestInit[];

/** Answers nothing until it is given up. */
const silentFetch = (_url: unknown, init: RequestInit): Promise<Response> => {
  fetched.push(init);
  return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)));
};

async function open(config: Partial<ReactorConfig> = {}, isReady = true): Promise<void> {
  client = testClient(config);
  db = new InstantCoreDatabase(client.reactor, resolveConfig({ appId, clock: client.clock, fetch: silentFetch as typeof fetch }));
  if (!isReady) return;
  await settled();
  await client.receive(initOk());
}

beforeEach(() => {
  fetched = [];
  controller = new AbortController();
  const add = vi.spyOn(controller.signal, 'addEventListener');
  const remove = vi.spyOn(controller.signal, 'removeEventListener');
  listeners = () => (controller.signal.aborted ? 0 : add.mock.calls.length - remove.mock.calls.length);
});
afterEach(() => client.reactor.shutdown());

const isWrite = (edit: KeyValueOp): boolean => 'put' in edit && edit.put.startsWith('write/');

/** A store whose reading, or writing of writes, goes on when the test says so. */
function slowStore(): KeyValue & { readonly readOn: () => void; readonly writeOn: () => void } {
  const store = memoryStore();
  let readOn = (): void => {};
  let writeOn = (): void => {};
  const reading = new Promise<void>((resolve) => (readOn = resolve));
  const writing = new Promise<void>((resolve) => (writeOn = resolve));
  return {
    ...store,
    get: (key) => reading.then(() => store.get(key)),
    list: (prefix) => reading.then(() => store.list(prefix)),
    write: (edits) => (edits.some(isWrite) ? writing.then(() => store.write(edits)) : store.write(edits)),
    readOn: () => readOn(),
    writeOn: () => writeOn(),
  };
}

const addGoal = () => db.tx['goals']![goalId(1)]!.create({ title: 'Swim' });

describe('queryOnce', () => {
  test('aborted before the call: sends nothing', async () => {
    await open();
    await expect(db.queryOnce({ goals: {} }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(client.sentMessages('add-query')).toEqual([]);
  });

  test('aborted while pending: removes the query', async () => {
    await open();
    const answer = db.queryOnce({ goals: {} }, { signal: controller.signal });
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(client.sentMessages('remove-query')).toHaveLength(1);
  });

  test('resolved: removes the listener from the signal', async () => {
    await open();
    const answer = db.queryOnce({ goals: {} }, { signal: controller.signal, ruleParams: {} });
    expect(listeners()).toBe(1);
    await client.receive(addQueryOk([{ id: goalId(1), title: 'Swim' }], 1, { $$ruleParams: {}, goals: {} }));
    await expect(answer).resolves.toMatchObject({ data: { goals: [{ title: 'Swim' }] } });
    expect(listeners()).toBe(0);
  });
});

describe('a write', () => {
  const fateOf = (stage: Promise<unknown>) =>
    stage.then(
      () => 'fine',
      (error: unknown) => (error === reason ? 'aborted' : error),
    );
  const outcome = (write: ReturnType<typeof db.transact>) => Promise.all([write, write.queued, write.settled].map(fateOf));

  async function expectNothing(): Promise<void> {
    await settled();
    expect(db.outbox.list()).toEqual([]);
    expect(await client.reactor.config.store.list('write/')).toEqual([]);
    expect(client.sentMessages('transact')).toEqual([]);
    expect(client.errors).toEqual([]);
  }

  test('aborted before the call: is not made', async () => {
    await open();
    expect(await outcome(db.transact(addGoal(), { signal: AbortSignal.abort(reason) }))).toEqual(['aborted', 'aborted', 'aborted']);
    await expectNothing();
  });

  test('aborted in the same task: is not made, and subscribers do not see it', async () => {
    await open();
    const seen: unknown[] = [];
    db.subscribeQuery({ goals: {} }, ({ data }) => seen.push(data));
    await client.receive(addQueryOk([], 1));
    const write = db.transact(addGoal(), { signal: controller.signal });
    controller.abort(reason);
    expect(await outcome(write)).toEqual(['aborted', 'aborted', 'aborted']);
    await expectNothing();
    expect(seen).toEqual([{ goals: [] }]);
  });

  test('aborted before the store is read: is not made', async () => {
    const store = slowStore();
    store.writeOn();
    await open({ store }, false);
    const write = db.transact(addGoal(), { signal: controller.signal });
    await settled();
    controller.abort(reason);
    store.readOn();
    expect(await outcome(write)).toEqual(['aborted', 'aborted', 'aborted']);
    await settled();
    await client.receive(initOk());
    await expectNothing();
  });

  test('aborted while being stored: is kept and sent, and only its promises reject', async () => {
    const store = slowStore();
    store.readOn();
    await open({ store });
    const write = db.transact(addGoal(), { signal: controller.signal });
    await settled();
    controller.abort(reason);
    await expect(write).rejects.toBe(reason);
    store.writeOn();
    await expect(write.queued).resolves.toMatchObject({ status: 'enqueued' });
    await expect(write.settled).rejects.toBe(reason);
    await settled();
    expect(client.sentMessages('transact')).toHaveLength(1);
    await client.receive({ op: 'transact-ok', 'client-event-id': client.sentMessages('transact')[0]?.['client-event-id'], 'tx-id': 7 });
    expect(db.outbox.list()).toEqual([]);
    expect(client.errors).toEqual([]);
  });

  test('aborted after it was sent: a rejection is reported to onError', async () => {
    await open();
    const write = db.transact(addGoal(), { signal: controller.signal });
    await settled();
    controller.abort(reason);
    await expect(write).rejects.toBe(reason);
    await client.receive(rejection(client.sentMessages('transact')[0]?.['client-event-id'] ?? ''));
    expect(client.errors).toMatchObject([{ type: 'permission-denied' }]);
    expect(db.outbox.list()).toMatchObject([{ state: 'rejected' }]);
  });

  test('confirmed: removes the listener from the signal', async () => {
    await open();
    const write = db.transact(addGoal(), { signal: controller.signal });
    await settled();
    expect(listeners()).toBe(1);
    await client.receive({ op: 'transact-ok', 'client-event-id': client.sentMessages('transact')[0]?.['client-event-id'], 'tx-id': 7 });
    await write;
    expect(listeners()).toBe(0);
    controller.abort(reason);
    await expect(write).resolves.toMatchObject({ status: 'synced' });
  });

  test('aborted while a later write depends on it: is kept', async () => {
    await open();
    const write = db.transact(addGoal(), { signal: controller.signal });
    const later = db.transact(db.tx['goals']![goalId(1)]!.update({ done: true }));
    controller.abort(reason);
    await expect(write).rejects.toBe(reason);
    await expect(write.queued).resolves.toMatchObject({ status: 'enqueued' });
    await later.queued;
    expect(db.outbox.list()).toHaveLength(2);
  });

  test('aborted together with its dependents under one signal: none is made', async () => {
    await open();
    const { signal } = controller;
    const writes = [
      db.transact(addGoal(), { signal }),
      db.transact(db.tx['goals']![goalId(1)]!.update({ done: true }), { signal }),
      db.transact(db.tx['todos']![goalId(2)]!.create({ text: 'Buy goggles' }).link({ goal: goalId(1) }), { signal }),
    ];
    controller.abort(reason);
    for (const write of writes) expect(await outcome(write)).toEqual(['aborted', 'aborted', 'aborted']);
    await expectNothing();
  });

  test('aborted: later writes are sent', async () => {
    await open();
    db.transact(addGoal(), { signal: controller.signal }).catch(() => {});
    const later = db.transact(db.tx['goals']![goalId(2)]!.create({ title: 'Run' }));
    controller.abort(reason);
    await later.queued;
    await settled();
    expect(client.sentMessages('transact').map((message) => JSON.stringify(message['tx-steps']))).toEqual([expect.stringContaining('Run')]);
    expect(goalAttrs).toHaveLength(3);
  });

  test('retried: a signal aborted before the call prevents the retry, one aborted later only rejects the promise', async () => {
    await open();
    const write = db.transact(addGoal());
    await settled();
    const refused = expect(write).rejects.toThrow();
    await client.receive(rejection(client.sentMessages('transact')[0]?.['client-event-id'] ?? ''));
    await refused;
    const [entry] = db.outbox.list();
    const eventId = entry?.eventId ?? '';
    await expect(db.outbox.retry(eventId, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(db.outbox.list()).toMatchObject([{ state: 'rejected' }]);
    const again = db.outbox.retry(eventId, { signal: controller.signal });
    controller.abort(reason);
    await expect(again).rejects.toBe(reason);
    await settled();
    expect(client.sentMessages('transact')).toHaveLength(2);
  });
});

const httpCalls: readonly (readonly [name: string, call: (signal: AbortSignal) => Promise<unknown>])[] = [
  ['sendMagicCode', (signal) => db.auth.sendMagicCode({ email: 'a@b.c' }, { signal })],
  ['signInWithMagicCode', (signal) => db.auth.signInWithMagicCode({ email: 'a@b.c', code: '1' }, { signal })],
  ['signInWithToken', (signal) => db.auth.signInWithToken('token', { signal })],
  ['signInAsGuest', (signal) => db.auth.signInAsGuest({}, { signal })],
  ['signInWithIdToken', (signal) => db.auth.signInWithIdToken({ clientName: 'x', idToken: 'y' }, { signal })],
  ['exchangeOAuthCode', (signal) => db.auth.exchangeOAuthCode({ code: 'x' }, { signal })],
  ['uploadFile', (signal) => db.storage.uploadFile('a.txt', new Blob(['a']), { signal })],
  ['upload', (signal) => db.storage.upload('a.txt', new File(['a'], 'a.txt'), { signal })],
  ['delete', (signal) => db.storage.delete('a.txt', { signal })],
  ['getDownloadUrl', (signal) => db.storage.getDownloadUrl('a.txt', { signal })],
];

describe.each(httpCalls)('%s', (_name, call) => {
  test('aborted before the call: sends nothing', async () => {
    await open();
    await expect(call(AbortSignal.abort(reason))).rejects.toBe(reason);
    await settled();
    expect(fetched).toEqual([]);
  });

  test('aborted while pending: aborts the request, and signs no user in', async () => {
    await open();
    const answer = call(controller.signal);
    answer.catch(() => {});
    await until(() => expect(fetched).toHaveLength(1));
    expect(listeners()).toBe(1);
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(fetched[0]?.signal?.aborted).toBe(true);
    expect(await db.getAuth()).toBeNull();
  });
});

test('signOut: aborted before the call, the user stays signed in; aborted later, only the promise rejects', async () => {
  const store = memoryStore();
  await store.write([{ put: 'user', value: { id: id(), refresh_token: 'token' } }]);
  await open({ store });
  await expect(db.auth.signOut({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(await db.getAuth()).not.toBeNull();
  const out = db.auth.signOut({ signal: controller.signal });
  out.catch(() => {});
  await until(() => expect(fetched).toHaveLength(1));
  controller.abort(reason);
  await expect(out).rejects.toBe(reason);
  expect(await db.getAuth()).toBeNull();
});

test('signOut resolves within 5 s if the server does not respond', async () => {
  const store = memoryStore();
  await store.write([{ put: 'user', value: { id: id(), refresh_token: 'token' } }]);
  await open({ store });
  let isDone = false;
  const out = db.auth.signOut().then(() => (isDone = true));
  await until(() => expect(fetched).toHaveLength(1));
  expect([await db.getAuth(), isDone]).toEqual([null, false]);
  await client.clock.advance(5_000);
  await out;
  expect(fetched[0]?.signal?.aborted).toBe(true);
});

test('getAuth and getLocalId reject when aborted while the store is being read', async () => {
  const store = slowStore();
  await open({ store }, false);
  const calls = [db.getAuth({ signal: controller.signal }), db.getLocalId('guest', { signal: controller.signal })];
  expect(listeners()).toBe(1);
  controller.abort(reason);
  for (const call of calls) await expect(call).rejects.toBe(reason);
  store.readOn();
  store.writeOn();
  await expect(db.getLocalId('guest')).resolves.toEqual(expect.any(String));
});

describe('an aborted signal ends', () => {
  test('a query', async () => {
    await open();
    const seen: unknown[] = [];
    db.subscribeQuery({ goals: {} }, ({ data }) => seen.push(data), { signal: controller.signal });
    controller.abort(reason);
    expect(client.sentMessages('remove-query')).toHaveLength(1);
    await client.receive(addQueryOk([], 1));
    expect(seen).toEqual([]);
  });

  test('an infinite query', async () => {
    await open();
    db.subscribeInfiniteQuery({ goals: { $: { limit: 2 } } }, () => {}, { signal: controller.signal });
    controller.abort(reason);
    expect([...client.reactor.state.queries.list()]).toEqual([]);
  });

  test('a table', async () => {
    await open();
    db.subscribeTable({ goals: {} }, () => {}, { signal: controller.signal });
    await import('../../src/reactor/tables/table-api.ts');
    await until(() => expect(client.sentMessages('start-sync')).toHaveLength(1));
    await client.receive({ op: 'start-sync-ok', q: { goals: {} }, 'subscription-id': 's', token: 't', 'client-event-id': client.sentMessages('start-sync')[0]?.['client-event-id'] }); // prettier-ignore
    controller.abort(reason);
    await until(() => expect(client.sentMessages('remove-sync')).toHaveLength(1));
  });

  test('a room, which stays joined until its other subscriptions end', async () => {
    await open();
    const room = db.joinRoom('chat', 'lobby', { signal: controller.signal });
    const stop = room.subscribeTopic('wave' as never, () => {});
    controller.abort(reason);
    room.leaveRoom();
    expect(client.sentMessages('leave-room')).toHaveLength(0);
    stop();
    expect(client.sentMessages('leave-room')).toHaveLength(1);
  });

  test('a write stream, and sends the reason to its readers', async () => {
    await open();
    const stream = db.streams.createWriteStream({ clientId: 'story', signal: controller.signal });
    const writer = stream.getWriter();
    await until(() => expect(client.sentMessages('start-stream')).toHaveLength(1));
    const start = client.sentMessages('start-stream')[0]?.['client-event-id'];
    await client.receive({ op: 'start-stream-ok', 'client-event-id': start, 'client-id': 'story', 'stream-id': 's', offset: 0 });
    controller.abort(reason);
    await expect(stream.done).rejects.toBe(reason);
    await expect(writer.write('more')).rejects.toBe(reason);
    await expect(stream.streamId()).rejects.toBe(reason);
    await settled();
    expect(client.sentMessages('append-stream')).toMatchObject([{ done: true, 'abort-reason': reason.message }]);
  });

  test('a read stream', async () => {
    await open();
    const stream = db.streams.createReadStream({ clientId: 'story', signal: controller.signal });
    const read = stream.getReader().read();
    await until(() => expect(client.sentMessages('subscribe-stream')).toHaveLength(1));
    controller.abort(reason);
    await expect(read).rejects.toBe(reason);
    await expect(stream.abortReason()).rejects.toBe(reason);
    await settled();
    expect(client.sentMessages('unsubscribe-stream')).toHaveLength(1);
  });

  test('streams before they start, if it was aborted before the call', async () => {
    await open();
    const signal = AbortSignal.abort(reason);
    await expect(db.streams.createWriteStream({ clientId: 'story', signal }).done).rejects.toBe(reason);
    await expect(db.streams.createReadStream({ clientId: 'story', signal }).getReader().read()).rejects.toBe(reason);
    await settled();
    expect([...client.sentMessages('start-stream'), ...client.sentMessages('subscribe-stream')]).toEqual([]);
  });
});
