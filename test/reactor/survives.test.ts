// Whatever a transport, a store or a listener does, the client goes on: no write is lost, no public call throws, and every promise settles.

import { describe, expect, it } from 'vitest';

import type { ChannelEvents } from '../../src/connection/transport.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { listener, testClient, type TestClient } from '../support/client.ts';
import { FakeTransport } from '../support/fake-line.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../support/goals.ts';

/** A client whose connection is in CLOSING: the socket takes nothing more, and its close event has not come yet. */
async function closingClient(): Promise<TestClient> {
  const client = testClient();
  await settled();
  await client.receive(initOk());
  client.transport.channel.send = () => {
    throw new Error('CLOSING');
  };
  return client;
}

async function reconnect(client: TestClient): Promise<void> {
  await client.clock.advance(60_000);
  await client.receive(initOk());
}

describe('while the socket is closing', () => {
  it('no public call throws, and all requests are sent over the next connection', async () => {
    const client = await closingClient();
    const { queries, rooms, writes } = client.reactor;
    const received = listener();
    const stop = queries.subscribe(goalsQuery, received);
    const other = queries.subscribe({ goals: { $: { limit: 1 } } }, listener());
    other();
    rooms.acquire('chat', 'r1', { name: 'a' });
    rooms.publishPresence('r1', { name: 'b' });
    rooms.publishTopic('r1', 'ping', 1);
    const write = writes.transact(chunk('create', goalId(1), { title: 'a' }));
    await settled();
    await expect(write.queued).resolves.toMatchObject({ status: 'enqueued' });
    expect(client.errors).toEqual([]);

    await reconnect(client);
    expect(client.sentMessages('add-query').map(({ q }) => q)).toEqual([goalsQuery]);
    expect(client.sentMessages('join-room')).toHaveLength(1);
    const [sent, ...more] = client.sentMessages('transact');
    expect(more).toEqual([]);
    await client.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'], 'tx-id': 2 });
    await expect(write.settled).resolves.toMatchObject({ status: 'synced' });
    stop();
    client.reactor.shutdown();
  });

  it('a send that fails in the middle of several writes loses none, and keeps their order', async () => {
    const client = testClient();
    await settled();
    await client.receive(initOk());
    const { channel } = client.transport;
    const send = channel.send.bind(channel);
    let left = 2;
    channel.send = (message) => {
      if (left-- <= 0) throw new Error('CLOSING');
      send(message);
    };
    const ids = [1, 2, 3, 4, 5];
    for (const id of ids) void client.reactor.writes.transact(chunk('create', goalId(id), { title: `${id}` }));
    await settled();
    await reconnect(client);
    const created = client.sentMessages('transact').map((message) => message['tx-steps'].find((step) => step[0] === 'add-triple')?.[1]);
    expect(created).toEqual(ids.map(goalId));
    client.reactor.shutdown();
  });
});

describe('a listener that throws', () => {
  it('does not prevent other listeners from receiving results, or writes from being stored and sent', async () => {
    const client = testClient();
    await settled();
    await client.receive(initOk());
    const boom = (): never => {
      throw new Error('in a listener');
    };
    client.reactor.queries.subscribe(goalsQuery, { onResult: boom, onError: boom });
    client.reactor.outbox.subscribe(() => client.reactor.outbox.list().length > 0 && boom());
    const received = listener();
    client.reactor.queries.subscribe(goalsQuery, received);
    await client.receive(addQueryOk([], 1));
    const write = client.reactor.writes.transact(chunk('create', goalId(1), { title: 'a' }));
    await settled();
    await expect(write.queued).resolves.toMatchObject({ status: 'enqueued' });
    expect(received.last?.data['goals']).toHaveLength(1);
    expect(client.sentMessages('transact')).toHaveLength(1);
    expect(new Set(client.errors.map(({ message }) => message))).toEqual(new Set(['in a listener']));
    client.reactor.shutdown();
  });
});

describe('a store whose writes never settle', () => {
  function hanging(): KeyValue {
    return { ...memoryStore(), write: () => new Promise(() => {}), close: () => new Promise(() => {}) };
  }

  it('the client reports it once and continues from memory', async () => {
    const client = testClient({ store: hanging() });
    await settled();
    await client.receive(initOk());
    const first = client.reactor.writes.transact(chunk('create', goalId(1), { title: 'a' }));
    await settled();
    await client.clock.advance(20_000);
    await expect(first.queued).resolves.toMatchObject({ status: 'enqueued' });
    const second = client.reactor.writes.transact(chunk('create', goalId(2), { title: 'b' }));
    await settled();
    await expect(second.queued).resolves.toMatchObject({ status: 'enqueued' });
    expect(client.errors.map(({ message }) => message)).toEqual([expect.stringContaining('Writes cannot be stored')]);
    const closed = client.reactor.close();
    await settled();
    await client.clock.advance(20_000);
    await expect(closed).resolves.toBeUndefined();
  });
});

describe('a store whose reads never settle', () => {
  it.each(['get', 'list'] as const)('%s: the client reports it once, then connects, and writes are confirmed', async (method) => {
    const client = testClient({ store: { ...memoryStore(), [method]: () => new Promise(() => {}) } });
    const write = client.reactor.writes.transact(chunk('create', goalId(1), { title: 'a' }));
    await client.clock.advance(20_000);
    await client.receive(initOk());
    const [sent] = client.sentMessages('transact');
    await client.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'] ?? '', 'tx-id': 1 });
    await expect(write.settled).resolves.toMatchObject({ status: 'synced' });
    expect(client.errors.map(({ message }) => message)).toEqual([expect.stringContaining('did not respond')]);
    const told: unknown[] = [];
    client.reactor.events.on('auth', (user) => told.push(user && user.id));
    const signedIn = client.reactor.account.setUser({ id: 'alice', refresh_token: 'token', isGuest: false });
    await client.clock.advance(20_000);
    await expect(signedIn).resolves.toBeUndefined();
    expect(told).toEqual(['alice']);
    client.reactor.shutdown();
  });
});

describe('whatever is thrown', () => {
  const withoutText = (): object => Object.create(null) as object;
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const thrown = [
    ['an object without a text', withoutText],
    ['a revoked proxy', revoked],
    ['undefined', () => undefined],
  ] as const;

  describe.each(thrown)('%s', (_, value) => {
    const fail = (): never => {
      throw value() as Error;
    };

    it.each(['get', 'list', 'write'] as const)('by `%s` of a store: the client connects, and writes are confirmed', async (method) => {
      const client = testClient({ store: { ...memoryStore(), [method]: fail } });
      const write = client.reactor.writes.transact(chunk('create', goalId(1), { title: 'a' }));
      await settled();
      await client.receive(initOk());
      const [sent] = client.sentMessages('transact');
      await client.receive({ op: 'transact-ok', 'client-event-id': sent?.['client-event-id'] ?? '', 'tx-id': 1 });
      await expect(write.settled).resolves.toMatchObject({ status: 'synced' });
      expect(client.errors).toMatchObject([{ code: 'storage-failed' }]);
      if (method !== 'list') await expect(client.reactor.localIds.get('guest')).rejects.toMatchObject({ code: 'storage-failed' });
      await expect(client.reactor.close()).resolves.toBeUndefined();
    });

    it('by a listener: the others receive the result', async () => {
      const client = testClient();
      await settled();
      await client.receive(initOk());
      client.reactor.queries.subscribe(goalsQuery, { onResult: fail, onError: fail });
      client.reactor.outbox.subscribe(fail);
      const received = listener();
      client.reactor.queries.subscribe(goalsQuery, received);
      void client.reactor.writes.transact(chunk('create', goalId(1), { title: 'a' }));
      await client.receive(addQueryOk([], 1));
      expect(received.results).toHaveLength(1);
      expect(client.sentMessages('transact')).toHaveLength(1);
      client.reactor.shutdown();
    });

    it('by a transport: the client tries again', async () => {
      const transport = new FakeTransport((channel) => channel.on.opened());
      let attempts = 0;
      const transports = [{ name: 'ws' as const, open: (on: ChannelEvents) => (attempts++ === 0 ? fail() : transport.open(on)) }];
      const client = testClient({ transports });
      const query = client.reactor.queries.once(goalsQuery);
      await client.clock.advance(5_000);
      expect(client.errors).toMatchObject([{ code: 'unreachable' }]);
      transport.channel.on.message(initOk());
      await settled();
      transport.channel.on.message(addQueryOk([], 1));
      await expect(query).resolves.toMatchObject({ data: { goals: [] } });
      client.reactor.shutdown();
    });
  });
});

describe('a query that cannot be sent', () => {
  it('rejects at once, and does not keep the client from closing', async () => {
    const client = testClient();
    await settled();
    await client.receive(initOk());
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const params of [{ n: 1n }, circular]) {
      await expect(client.reactor.queries.once({ $$ruleParams: params, goals: {} })).rejects.toThrow();
    }
    await client.clock.advance(60_000);
    await expect(client.reactor.close()).resolves.toBeUndefined();
  });
});

it('the outbox lists frozen entries', async () => {
  const client = testClient();
  void client.reactor.writes.transact(chunk('create', goalId(1), { title: 'mine' }));
  await settled();
  const entries = client.reactor.outbox.list() as unknown as { steps: unknown[][]; state: string }[];
  const [entry] = entries;
  const changes = [
    () => entries.pop(),
    () => Object.assign(entry ?? {}, { state: 'x' }),
    () => entry?.steps.reverse(),
    () => entry?.steps.splice(0, 9),
    () => entry?.steps[1]?.splice(3, 1, 'theirs'),
  ];
  for (const change of changes) expect(change).toThrow(TypeError);
  await client.receive(initOk());
  expect(client.sentMessages('transact')[0]?.['tx-steps'].map((step) => step[3])).toContain('mine');
  client.reactor.shutdown();
});

describe('two consecutive users', () => {
  const user = (id: string) => ({ id, refresh_token: `token of ${id}`, isGuest: false });

  it('a token that the server does not know signs the user out; the writes wait for the user', async () => {
    const store = { ...memoryStore(), close: () => {} };
    const official = { owner: 'alice', order: 1, createdMs: 1, sends: 1, isAdopted: true, steps: [['delete-entity', goalId(1), 'goals']] };
    await store.write([
      { put: 'user', value: user('alice') },
      ...['first', 'second'].map((eventId) => ({ put: `write/alice/${eventId}`, value: { ...official, eventId } })),
    ]);
    const client = testClient({ store });
    const told: unknown[] = [];
    client.reactor.events.on('auth', (signedIn) => told.push(signedIn?.id));
    const seen = listener();
    client.reactor.queries.subscribe(goalsQuery, seen);
    await settled();
    const [init] = client.sentMessages('init');
    await client.receive({
      op: 'error',
      status: 400,
      type: 'record-not-found',
      message: 'Record not found: app-user',
      hint: { 'record-type': 'app-user' },
      'client-event-id': init?.['client-event-id'],
      'original-event': { op: 'init' },
    });
    await client.receive(initOk());
    await client.receive(addQueryOk([{ id: goalId(1), title: 'a' }], 1));
    expect(told).toEqual(['alice', undefined]);
    expect(client.reactor.account.user).toBeNull();
    expect(client.sentMessages('init')[0]).not.toHaveProperty('refresh-token');
    expect([client.sentMessages('transact'), client.reactor.outbox.list(), seen.errors, client.errors]).toEqual([[], [], [], []]);
    expect(seen.last?.data['goals']).toHaveLength(1);
    await client.reactor.close();

    const next = testClient({ store });
    await settled();
    await next.receive(initOk());
    await next.reactor.account.setUser(user('alice'));
    await settled();
    await next.receive(initOk());
    expect(next.sentMessages('transact').map((message) => message['client-event-id'])).toEqual(['first', 'second']);
    next.reactor.shutdown();
  });

  it('writes of the first user that are read late from a slow store are not sent as the second user', async () => {
    const store = memoryStore();
    const alice = testClient({ store: { ...store, close: () => {} } });
    await settled();
    await alice.reactor.account.setUser(user('alice'));
    await alice.reactor.writes.transact(chunk('create', goalId(1), { title: 'hers' })).queued;
    await alice.reactor.account.setUser(undefined);
    await alice.reactor.close();

    let answer: (() => void) | undefined;
    const slow: KeyValue = {
      ...store,
      list: async (prefix) => {
        if (prefix.includes('alice')) await new Promise<void>((resolve) => (answer = resolve));
        return store.list(prefix);
      },
    };
    const client = testClient({ store: slow });
    await settled();
    await client.receive(initOk());
    const changes = [client.reactor.account.setUser(user('alice')), client.reactor.account.setUser(user('bob'))];
    for (let at = 0; at < 4; at++) {
      await settled();
      answer?.();
    }
    await Promise.all(changes);
    await client.receive(initOk());
    await settled();
    expect(client.reactor.account.user?.id).toBe('bob');
    expect(client.sentMessages('transact')).toEqual([]);
    expect(client.reactor.outbox.list()).toEqual([]);
    client.reactor.shutdown();
  });

  it('rejected mutations are listed after a restart, and not for another user', async () => {
    const store = { ...memoryStore(), close: () => {} };
    const first = testClient({ store });
    await settled();
    await first.reactor.account.setUser(user('alice'));
    await first.receive(initOk());
    const write = first.reactor.writes.transact(chunk('create', goalId(1), { title: 'hers' }));
    await settled();
    const eventId = first.sentMessages('transact')[0]?.['client-event-id'];
    const rejected = expect(write).rejects.toThrow('no');
    await first.receive({ op: 'error', status: 400, type: 'permission-denied', message: 'no', 'client-event-id': eventId });
    await rejected;
    await first.reactor.close();

    const second = testClient({ store });
    const seen: number[] = [];
    second.reactor.outbox.subscribe((entries) => seen.push(entries.length));
    await settled();
    await second.receive(initOk());
    expect(second.reactor.outbox.list()).toMatchObject([{ eventId, error: { message: 'no' } }]);
    expect(seen.at(-1)).toBe(1);
    await second.reactor.account.setUser(user('bob'));
    expect(second.reactor.outbox.list()).toEqual([]);
    await settled();
    expect(seen.at(-1)).toBe(0);
    await second.reactor.account.setUser(user('alice'));
    expect(second.reactor.outbox.discard(eventId ?? '')).toEqual([eventId]);
    expect(second.reactor.outbox.list()).toEqual([]);
    second.reactor.shutdown();
  });
});
