// A request that no server will take is refused before it is shown, and one that turns out to be such keeps nothing else from the server.

import { describe, expect, it } from 'vitest';

import type { ServerLimits } from '../../src/protocol/session-messages.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { listener, testClient, type TestClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../support/goals.ts';

// Loaded on first use otherwise, which `settled` does not wait for.
await import('../../src/reactor/recovery.ts');

const MiB = 1024 * 1024;

async function connected(limits?: ServerLimits, client = testClient()): Promise<TestClient> {
  await settled();
  await client.receive(initOk(limits && { triplane: { limits } }));
  return client;
}

async function write(client: TestClient, n: number, title: string): Promise<{ error: () => unknown }> {
  let error: unknown;
  const promise = client.reactor.writes.transact(chunk('create', goalId(n), { title }));
  promise.settled.catch((reason: unknown) => (error = reason));
  promise.catch(() => {});
  await settled();
  return { error: () => error };
}

const confirm = (client: TestClient, eventId: string | null | undefined, txId = 9): Promise<void> =>
  client.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': txId });

const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
const nestedQuery = (levels: number): object => (levels === 0 ? {} : { goals: nestedQuery(levels - 1) });

describe('limits of the server', () => {
  it('a write larger than a frame is rejected before it is shown, also without a connection', async () => {
    const client = testClient();
    const seen = listener();
    client.reactor.queries.subscribe(goalsQuery, seen);
    const big = await write(client, 1, 'x'.repeat(17 * MiB));
    expect(big.error()).toMatchObject({ code: 'limit', hint: { limit: 'max-frame-bytes', most: 16 * MiB } });
    expect(client.reactor.outbox.list()).toEqual([]);
    client.reactor.shutdown();
  });

  it.each([
    ['max-frame-bytes', { 'max-frame-bytes': 1000 }, 'x'.repeat(1000)],
    // In UTF-8: each takes three bytes.
    ['max-frame-bytes', { 'max-frame-bytes': 1200 }, '€'.repeat(350)],
    ['max-transaction-steps', { 'max-transaction-steps': 1 }, 'x'],
    ['max-frame-depth', { 'max-frame-depth': 4 }, 'x'],
  ])('the client enforces the announced %s', async (limit, limits, title) => {
    const client = await connected(limits);
    const seen = await write(client, 1, title);
    expect(seen.error()).toMatchObject({ code: 'limit', hint: { limit } });
    expect(client.reactor.outbox.list()).toEqual([]);
    expect(client.sentMessages('transact')).toEqual([]);
    client.reactor.shutdown();
  });

  it('a frame of exactly the announced size is sent', async () => {
    const client = await connected();
    await write(client, 1, 'é'.repeat(400));
    const size = new TextEncoder().encode(JSON.stringify(client.sentMessages('transact')[0])).length;
    client.reactor.shutdown();
    for (const [most, sent] of [
      [size, 1],
      [size - 1, 0],
    ] as const) {
      // prettier-ignore
      const other = await connected({ 'max-frame-bytes': most });
      await write(other, 1, 'é'.repeat(400));
      expect(other.sentMessages('transact')).toHaveLength(sent);
      other.reactor.shutdown();
    }
  });

  it('a write made before the limit was known is rejected with its reason, and later writes are sent', async () => {
    const store = memoryStore();
    const client = testClient({ store });
    const big = await write(client, 1, 'x'.repeat(5000));
    await write(client, 2, 'small');
    await connected({ 'max-frame-bytes': 2000 }, client);
    await expect.poll(big.error).toMatchObject({ status: 400, type: 'validation-failed', hint: { limit: 'max-frame-bytes', most: 2000 } });
    expect(client.sentMessages('transact').map((message) => message['tx-steps'][0]?.[1])).toEqual([goalId(2)]);
    expect(client.reactor.outbox.list().map(({ state }) => state)).toEqual(['rejected', 'inflight']);
    await client.reactor.close();
  });

  it('a query that is too deep gets its error at once, also offline, and is never sent', async () => {
    const client = testClient();
    const seen = listener();
    client.reactor.queries.subscribe(nestedQuery(60) as never, seen);
    await settled();
    expect(seen.errors).toMatchObject([{ code: 'limit', hint: { limit: 'max-query-depth', most: 50 } }]);
    await connected({ 'max-query-depth': 3 }, client);
    const once = client.reactor.queries.once(nestedQuery(4) as never);
    await expect(once).rejects.toMatchObject({ code: 'limit', hint: { limit: 'max-query-depth', most: 3 } });
    await expect(client.reactor.queries.once({ goals: { $: { where: { x: nested(120) } } } })).rejects.toMatchObject({
      code: 'limit',
    });
    expect(client.sentMessages('add-query')).toEqual([]);
    client.reactor.shutdown();
  });

  it('ending a query that was refused for its size is nobody’s error', async () => {
    const client = await connected({ 'max-frame-bytes': 1000 });
    const query = { goals: { $: { where: { title: 'x'.repeat(2000) } } } };
    const seen = listener();
    const stop = client.reactor.queries.subscribe(query, seen);
    await expect.poll(() => seen.errors).toMatchObject([{ code: 'limit', hint: { limit: 'max-frame-bytes', most: 1000 } }]);
    stop();
    await settled();
    expect([client.errors, client.sentMessages('remove-query')]).toEqual([[], []]);
    client.reactor.shutdown();
  });

  it('presence and topics above a limit are rejected and not sent', async () => {
    const { reactor, sentMessages } = await connected({ 'max-presence-bytes': 100, 'max-name-length': 10, 'max-frame-bytes': 10_000 });
    const limit = (name: string): unknown =>
      expect.objectContaining({ code: 'limit', hint: expect.objectContaining({ limit: name }) as unknown });
    const failure = (run: () => void): unknown => {
      try {
        run();
        return undefined;
      } catch (error) {
        return error;
      }
    };
    reactor.rooms.acquire('chat', 'r', { a: 'x'.repeat(60) });
    expect(failure(() => reactor.rooms.publishPresence('r', { b: 'x'.repeat(60) }))).toEqual(limit('max-presence-bytes'));
    expect(reactor.rooms.presence('r')?.user).toMatchObject({ a: 'x'.repeat(60) });
    expect(reactor.rooms.presence('r')?.user).not.toHaveProperty('b');
    expect(failure(() => reactor.rooms.acquire('chat', 'r'.repeat(11)))).toEqual(limit('max-name-length'));
    expect(failure(() => reactor.rooms.publishTopic('r', 't'.repeat(11), 1))).toEqual(limit('max-name-length'));
    expect(failure(() => reactor.rooms.publishTopic('r', 't', 'x'.repeat(10_000)))).toEqual(limit('max-frame-bytes'));
    expect(sentMessages('join-room')).toHaveLength(1);
    reactor.shutdown();
  });

  it('presence published before the limit was known is dropped, and the room is still joined', async () => {
    const client = testClient();
    client.reactor.rooms.acquire('chat', 'r', { a: 'x'.repeat(200) });
    await connected({ 'max-presence-bytes': 100 }, client);
    expect(client.sentMessages('join-room')).toMatchObject([{ 'room-id': 'r' }]);
    expect(client.sentMessages('join-room')[0]).not.toHaveProperty('data');
    expect(client.errors).toMatchObject([{ hint: { limit: 'max-presence-bytes' } }]);
    client.reactor.shutdown();
  });
});

describe('a server that does not name the request it rejects', () => {
  it('close 1009: the largest message in flight is rejected, and the others are resent', async () => {
    const client = await connected();
    await write(client, 1, 'a');
    const big = await write(client, 2, 'x'.repeat(5000));
    await write(client, 3, 'c');
    client.transport.channel.on.closed({ code: 1009, reason: '' });
    await settled();
    expect(big.error()).toMatchObject({ status: 413, hint: { limit: 'max-frame-bytes' } });
    await client.clock.advance(10_000);
    await connected(undefined, client);
    expect(client.sentMessages('transact').map((message) => message['tx-steps'][0]?.[1])).toEqual([goalId(1), goalId(3)]);
    client.reactor.shutdown();
  });

  it('close 1009: a query that is too large is not resent', async () => {
    const client = await connected();
    const seen = listener();
    client.reactor.queries.subscribe({ goals: { $: { where: { title: 'x'.repeat(3000) } } } }, seen);
    await write(client, 1, 'a');
    client.transport.channel.on.closed({ code: 1009, reason: '' });
    await client.clock.advance(10_000);
    await connected(undefined, client);
    expect(seen.errors).toMatchObject([{ status: 413 }]);
    expect(client.sentMessages('add-query')).toEqual([]);
    expect(client.sentMessages('transact')).toHaveLength(1);
    client.reactor.shutdown();
  });

  const unnamed = { op: 'error', status: 400, type: 'param-malformed', message: 'Malformed', hint: null } as const;

  it('a rejection that names no request applies to the only message in flight', async () => {
    const client = await connected();
    const bad = await write(client, 1, 'bad');
    await client.receive(unnamed);
    expect(bad.error()).toMatchObject({ type: 'param-malformed' });
    expect(client.errors).toEqual([]);
    client.reactor.shutdown();
  });

  it('a rejection that names no request, with several in flight, makes the client resend them one at a time', async () => {
    const client = await connected();
    const errors = [await write(client, 1, 'a'), await write(client, 2, 'bad'), await write(client, 3, 'c')];
    await client.receive(unnamed);
    await connected(undefined, client);
    for (let turn = 0; turn < 3; turn++) {
      const last = client.sentMessages('transact').at(-1);
      expect(client.sentMessages('transact')).toHaveLength(turn + 1);
      if (JSON.stringify(last).includes('bad')) await client.receive(unnamed);
      else await confirm(client, last?.['client-event-id'], turn + 2);
    }
    expect(errors.map(({ error }) => error() !== undefined)).toEqual([false, true, false]);
    await write(client, 4, 'd');
    await write(client, 5, 'e');
    expect(client.sentMessages('transact')).toHaveLength(5);
    client.reactor.shutdown();
  });

  /** Several requests were in flight when the server rejected one that it did not name. */
  async function oneAtATime(prepare: (client: TestClient) => void): Promise<TestClient> {
    const client = await connected();
    prepare(client);
    await write(client, 1, 'a');
    await write(client, 2, 'b');
    await client.receive(unnamed);
    await connected(undefined, client);
    return client;
  }

  const sentOps = (client: TestClient): unknown[] => client.transport.channel.sent.map(({ op }) => op);

  it('while requests are sent one at a time, a room join without a response delays the next request by 5 s, and none after that', async () => {
    const client = await oneAtATime(({ reactor }) => void reactor.rooms.acquire('chat', 'lobby'));
    await confirm(client, client.sentMessages('transact')[0]?.['client-event-id'], 2);
    await confirm(client, client.sentMessages('transact')[1]?.['client-event-id'], 3);
    expect(sentOps(client)).toEqual(['init', 'transact', 'transact', 'join-room']);
    await client.clock.advance(4_999);
    await write(client, 3, 'c');
    expect(client.sentMessages('transact')).toHaveLength(2);
    await client.clock.advance(1);
    expect(client.sentMessages('transact')).toHaveLength(3);
    await confirm(client, client.sentMessages('transact')[2]?.['client-event-id'], 4);
    await write(client, 4, 'd');
    expect(client.sentMessages('transact')).toHaveLength(4);
    await confirm(client, client.sentMessages('transact')[3]?.['client-event-id'], 5);
    await client.clock.advance(10_000);
    await write(client, 5, 'e');
    expect(client.sentMessages('transact')).toHaveLength(5);
    client.reactor.shutdown();
  });

  it('while requests are sent one at a time, a query without listeners is not sent and delays no request', async () => {
    const stops: (() => void)[] = [];
    const client = await oneAtATime(({ reactor }) => {
      for (const title of ['x', 'y']) stops.push(reactor.queries.subscribe({ goals: { $: { where: { title } } } }, listener()));
    });
    expect(sentOps(client)).toEqual(['init', 'add-query']);
    stops[1]?.();
    expect(sentOps(client)).toEqual(['init', 'add-query']);
    stops[0]?.();
    await settled();
    expect(sentOps(client)).toEqual(['init', 'add-query', 'transact']);
    await confirm(client, client.sentMessages('transact')[0]?.['client-event-id'], 2);
    await confirm(client, client.sentMessages('transact')[1]?.['client-event-id'], 3);
    expect(sentOps(client)).toEqual(['init', 'add-query', 'transact', 'transact', 'remove-query']);
    client.reactor.shutdown();
  });

  it('a write that breaks the connection each time is rejected, and later writes and queries get a response', async () => {
    const client = await connected();
    const seen = listener();
    client.reactor.queries.subscribe(goalsQuery, seen);
    const first = await write(client, 1, 'a');
    const bad = await write(client, 2, 'bad');
    const last = await write(client, 3, 'c');
    const confirmed = new Set<unknown>();
    for (let connection = 0; connection < 10; connection++) {
      // A server that crashes whenever it reads the bad write, before it has answered what was sent with it.
      for (;;) {
        const all = [...client.sentMessages('add-query'), ...client.sentMessages('transact')];
        const open = all.filter((message) => !confirmed.has(`${connection} ${message['client-event-id']}`));
        const [next] = open;
        if (!next && bad.error() === undefined && client.transport.openChannels.length > 0) {
          // The connection has to last without the suspect.
          await client.clock.advance(5_000);
          if (client.sentMessages('transact').length + client.sentMessages('add-query').length > all.length) continue;
        }
        if (!next) break;
        if (open.some((message) => JSON.stringify(message).includes('bad'))) {
          client.transport.channel.on.closed({ code: 1006, reason: '' });
          break;
        }
        confirmed.add(`${connection} ${next['client-event-id']}`);
        if (next.op === 'add-query') await client.receive({ ...addQueryOk([], 1), 'client-event-id': next['client-event-id'] });
        else await confirm(client, next['client-event-id'], 2);
        await settled();
      }
      if (client.transport.openChannels.length > 0) break;
      await client.clock.advance(20_000);
      await connected(undefined, client);
    }
    expect(first.error()).toBeUndefined();
    expect(last.error()).toBeUndefined();
    expect(bad.error()).toMatchObject({ type: 'connection-lost', status: 500 });
    expect(client.reactor.outbox.list().filter(({ error }) => error)).toHaveLength(1);
    expect(seen.last).toBeDefined();
    client.reactor.shutdown();
  });

  it('a server that is killed again and again, with or without a write in flight, causes no write to be lost', async () => {
    const client = await connected();
    const only = await write(client, 1, 'a');
    const kill = async (afterMs: number): Promise<void> => {
      await client.clock.advance(afterMs);
      client.transport.channel.on.closed({ code: 1006, reason: '' });
      await client.clock.advance(20_000);
      await connected(undefined, client);
    };
    for (let time = 0; time < 12; time += 1) await kill(1_000);
    expect(only.error()).toBeUndefined();
    await client.clock.advance(8_000);
    await confirm(client, client.sentMessages('transact')[0]?.['client-event-id']);
    expect(client.reactor.outbox.list().filter(({ state }) => state !== 'acknowledged')).toEqual([]);
    client.reactor.shutdown();
  });

  /** Other connections, one after another, each lost with the last writes in flight; the writes before these were confirmed. */
  async function lostUnderWrites(client: TestClient, isConfirmed: boolean): Promise<TestClient> {
    for (const n of [1, 3]) {
      await write(client, n, 'a');
      await write(client, n + 1, 'b');
      const sent = client.sentMessages('transact').map((message) => message['client-event-id']);
      if (isConfirmed) for (const [at, eventId] of sent.slice(0, -2).entries()) await confirm(client, eventId, n + at);
      client.transport.channel.on.closed({ code: 1006, reason: '' });
      await client.clock.advance(20_000);
      await connected(undefined, client);
    }
    return client;
  }

  it('when connections with writes in flight are lost repeatedly, a write that was in flight only once is sent without waiting', async () => {
    const client = await lostUnderWrites(await connected(), true);
    await write(client, 5, 'c');
    expect(client.sentMessages('transact')).toHaveLength(3);
    client.reactor.shutdown();
  });

  it('writes that were in flight on each lost connection are resent one at a time until all have a response', async () => {
    const client = await lostUnderWrites(await connected(), false);
    await write(client, 5, 'c');
    const sent = (): unknown[] => client.sentMessages('transact').map((message) => message['client-event-id']);
    expect(sent()).toHaveLength(1);
    await confirm(client, sent()[0] as string, 1);
    expect(sent()).toHaveLength(2);
    await confirm(client, sent()[1] as string, 2);
    expect(sent()).toHaveLength(5);
    await write(client, 6, 'd');
    expect(sent()).toHaveLength(6);
    client.reactor.shutdown();
  });

  it('a backlog that was in flight on each lost connection is sent at an increasing rate', async () => {
    const client = await connected();
    for (let n = 1; n <= 99; n += 1) void client.reactor.writes.transact(chunk('create', goalId(n), { title: 'a' })).catch(() => {});
    await settled();
    for (let time = 0; time < 2; time += 1) {
      expect(client.sentMessages('transact')).toHaveLength(99);
      client.transport.channel.on.closed({ code: 1006, reason: '' });
      await client.clock.advance(20_000);
      await connected(undefined, client);
      if (time === 0) continue;
      let turns = 0;
      for (let confirmed = 0; confirmed < 99; turns += 1) {
        const sent = client.sentMessages('transact').slice(confirmed);
        confirmed += sent.length;
        for (const { 'client-event-id': eventId } of sent) await confirm(client, eventId, 1);
      }
      expect(turns).toBeGreaterThan(8);
      expect(turns).toBeLessThan(40);
    }
    client.reactor.shutdown();
  });

  it('a server that restarts again and again causes no write to be lost', async () => {
    const client = await connected();
    const only = await write(client, 1, 'a');
    for (const code of [1001, 1012, 1001, 1012, 1001, 1012]) {
      client.transport.channel.on.closed({ code, reason: '' });
      await client.clock.advance(20_000);
      await connected(undefined, client);
    }
    await confirm(client, client.sentMessages('transact')[0]?.['client-event-id']);
    expect(only.error()).toBeUndefined();
    expect(client.sentMessages('transact')).toHaveLength(1);
    client.reactor.shutdown();
  });
});

describe('outbox.discard', () => {
  it('removes a pending write and its dependents: none is shown, stored or sent', async () => {
    const store = memoryStore();
    const client = testClient({ store });
    const first = await write(client, 1, 'a');
    void client.reactor.writes.transact(chunk('update', goalId(1), { title: 'b' })).catch(() => {});
    await write(client, 2, 'other');
    const [{ eventId } = { eventId: '' }] = client.reactor.outbox.list();
    expect(client.reactor.outbox.discard(eventId)).toHaveLength(2);
    await settled();
    expect(first.error()).toMatchObject({ code: 'refused' });
    expect(client.reactor.outbox.list()).toHaveLength(1);
    expect(await store.list('write/')).toHaveLength(1);
    await connected(undefined, client);
    expect(client.sentMessages('transact')).toHaveLength(1);
    client.reactor.shutdown();
  });

  it('removes a write in flight, and ignores one that is confirmed or unknown', async () => {
    const client = await connected();
    const seen = listener();
    client.reactor.queries.subscribe(goalsQuery, seen);
    await client.receive(addQueryOk([], 1));
    await write(client, 1, 'a');
    await write(client, 2, 'b');
    expect(seen.last?.data['goals']).toHaveLength(2);
    const [one, two] = client.reactor.outbox.list();
    await confirm(client, two?.eventId);
    expect(client.reactor.outbox.discard(two?.eventId ?? '')).toEqual([]);
    expect(client.reactor.outbox.discard('unknown')).toEqual([]);
    expect(client.reactor.outbox.discard(one?.eventId ?? '')).toEqual([one?.eventId]);
    await settled();
    expect(seen.last?.data['goals']).toMatchObject([{ title: 'b' }]);
    await confirm(client, one?.eventId, 10);
    expect(client.errors).toEqual([]);
    client.reactor.shutdown();
  });

  it('passes an attribute that a removed write created to the next write that uses it', async () => {
    const client = testClient();
    const make = (n: number): Promise<unknown> =>
      client.reactor.writes.transact({ __ops: [['create', 'plans', goalId(n), { size: n }]], __etype: 'plans' }).catch(() => {});
    void make(1);
    void make(2);
    await settled();
    client.reactor.outbox.discard(client.reactor.outbox.list()[0]?.eventId ?? '');
    await settled();
    await connected(undefined, client);
    const [sent] = client.sentMessages('transact');
    const steps = sent?.['tx-steps'] ?? [];
    const made = new Set(steps.flatMap((step) => (step[0] === 'add-attr' ? [step[1].id] : [])));
    expect(made.size).toBe(2);
    for (const step of steps) if (step[0] === 'add-triple') expect(made).toContain(step[2]);
    client.reactor.shutdown();
  });
});
