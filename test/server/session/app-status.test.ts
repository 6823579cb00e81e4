// An app that is closed to writes, or to all; a server that goes; clients that say too much or read too little.

import { describe, expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { createServer } from '../../../src/server/server.ts';
import { clientMinimal } from '../../protocol/minimal.ts';
import { appId, bench, blob, newId, rest, type TestPeer } from '../bench.ts';

const goalsId = blob('goals', 'id');
const write = () => {
  const goal = newId();
  return {
    op: 'transact',
    'tx-steps': [
      ['add-attr', goalsId],
      ['add-triple', goal, goalsId.id, goal],
    ],
  };
};

describe('app status', () => {
  const opOf = async (peer: TestPeer, message: object): Promise<unknown> => {
    const [sent] = await peer.request(message);
    return sent?.op === 'error' ? sent.type : sent?.op;
  };

  test.each([
    ['active', { transact: 'transact-ok', 'add-query': 'add-query-ok', 'join-room': 'join-room-ok', 'start-stream': 'start-stream-ok' }],
    ['read-only', { transact: 'app-read-only', 'add-query': 'add-query-ok', 'join-room': 'join-room-ok', 'start-stream': 'app-read-only' }],
    ['disabled', { transact: 'app-disabled', 'add-query': 'app-disabled', 'join-room': 'app-disabled', 'start-stream': 'app-disabled' }],
  ] as const)('%s', async (status, expected) => {
    const world = bench();
    const peer = await world.open({ '__admin-token': 'ad000000-0000-4000-8000-000000000001' });
    await (await world.hub.app(appId)).setStatus(status);
    const sent = {
      transact: await opOf(peer, write()),
      'add-query': await opOf(peer, { op: 'add-query', q: { goals: {} } }),
      'join-room': await opOf(peer, { op: 'join-room', 'room-id': 'r' }),
      'start-stream': await opOf(peer, { op: 'start-stream', 'client-id': 's', 'reconnect-token': newId() }),
    };
    expect(sent).toEqual(expected);
    const again = world.connect();
    expect(await again.request({ op: 'init', 'app-id': appId })).toMatchObject([{ op: 'init-ok', 'app-status': { status } }]);
    expect(await opOf(again, { op: 'remove-query', q: { goals: {} } })).toBe('remove-query-ok');
  });

  test('a disabled app accepts only ops that end a subscription or leave a room', async () => {
    const world = bench();
    const peer = await world.open();
    await peer.request({ op: 'join-room', 'room-id': 'r' });
    await (await world.hub.app(appId)).setStatus('disabled');
    const rejected: string[] = [];
    for (const [op, message] of Object.entries(clientMinimal)) {
      if (op !== 'init' && (await opOf(peer, { ...message, op })) === 'app-disabled') rejected.push(op);
    }
    const ending = ['leave-room', 'remove-query', 'remove-sync', 'unsubscribe-stream'];
    expect(rejected.sort()).toEqual(
      Object.keys(clientMinimal)
        .filter((op) => op !== 'init' && !ending.includes(op))
        .sort(),
    );
  });

  test('an admin copies the data of a disabled app by sync', async () => {
    const world = bench();
    const admin = await world.open({ '__admin-token': 'ad000000-0000-4000-8000-000000000001' });
    await admin.request(write());
    await (await world.hub.app(appId)).setStatus('disabled');
    expect(await opOf(admin, { op: 'start-sync', q: { goals: {} } })).toBe('start-sync-ok');
    expect(await opOf(admin, { op: 'add-query', q: { goals: {} } })).toBe('app-disabled');
    expect(await opOf(await world.open(), { op: 'start-sync', q: { goals: {} } })).toBe('app-disabled');
  });

  test('a status is sent to all sessions once, and survives a restart', async () => {
    const storage = memory();
    const world = bench({ storage });
    const peers = [await world.open(), await world.open()];
    const app = await world.hub.app(appId);
    await app.setStatus('read-only');
    await app.setStatus('read-only');
    for (const peer of peers) expect(peer.take('app-status-changed')).toEqual([{ op: 'app-status-changed', status: 'read-only' }]);
    await world.hub.close();
    const next = bench({ storage });
    expect((await next.hub.app(appId)).status).toBe('read-only');
    const error = await (await next.open()).response('error', write());
    expect(error).toMatchObject({
      status: 400,
      type: 'app-read-only',
      hint: { status: 'read-only' },
      'original-event': { op: 'transact' },
    });
  });

  test('subscriptions made before the app was disabled receive no results when it is active again', async () => {
    const world = bench();
    const [writer, reader] = [await world.open(), await world.open()];
    await reader.request({ op: 'add-query', q: { goals: {} } });
    const app = await world.hub.app(appId);
    await app.setStatus('disabled');
    await app.setStatus('active');
    await writer.request(write());
    expect(reader.take('refresh-ok').flatMap(({ computations }) => computations)).toEqual([]);
    expect(await reader.response('add-query-ok', { op: 'add-query', q: { goals: {} } })).toBeDefined();
  });

  test('a write that is applied while the app is disabled is confirmed, and no refresh says that results include it', async () => {
    const world = bench();
    const [peer, app] = [await world.open(), await world.hub.app(appId)];
    await peer.request(write());
    await peer.request({ op: 'add-query', q: { goals: {} } });
    peer.take('refresh-ok');
    const disabled = app.setStatus('disabled');
    peer.send(write());
    await disabled;
    await rest();
    expect(peer.heard.map(({ op }) => op).sort()).toEqual(['app-status-changed', 'transact-ok']);
  });

  test('the status can be set and read through the server object', async () => {
    const server = await createServer();
    await server.app(server.appId).setStatus('disabled');
    expect(await server.app(server.appId).status()).toBe('disabled');
    await server.close();
  });
});

test('a closing server answers the writes it has accepted before it closes the sessions', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const plain = memory();
  const slow = {
    ...plain,
    open: async (id: string) => {
      const log = await plain.open(id);
      return { ...log, append: async (entries: Parameters<typeof log.append>[0]) => held.then(() => log.append(entries)) };
    },
  };
  const world = bench({ storage: slow });
  const peer = await world.open();
  for (let n = 0; n < 3; n++) peer.send(write());
  const closing = world.hub.close();
  await rest();
  peer.send(write());
  expect([peer.take('transact-ok').length, peer.closedWith]).toEqual([0, undefined]);
  release();
  await closing;
  expect(peer.take('transact-ok')).toHaveLength(3);
  expect(peer.closedWith).toEqual([1001, expect.any(String)]);
});

test('a client that sends too many messages is rate-limited, and disconnected if it continues', async () => {
  const world = bench({ limits: { messagesPerSecond: 10 } });
  const peer = await world.open();
  const ping = { op: 'remove-query', q: { $$ping: {} } };
  for (let n = 0; n < 100; n++) peer.send(ping);
  await rest();
  const rejected = peer.heard.filter(({ op }) => op === 'error');
  expect(peer.heard.length - rejected.length).toBe(49);
  expect(rejected[0]).toMatchObject({ status: 400, type: 'rate-limited', hint: { 'retry-after': 1 } });
  await world.clock.advance(1000);
  expect(await peer.response('remove-query-ok', ping)).toBeDefined();
  for (let n = 0; n < 1100; n++) peer.send(ping);
  expect(peer.closedWith?.[0]).toBe(1008);
});
