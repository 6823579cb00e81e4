import { describe, expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { adminToken, appId, bench, blob, newId, rest, type TestPeer } from '../bench.ts';
import { clientMinimal } from '../../protocol/minimal.ts';
import { clientFields } from '../../../src/protocol/client-fields.ts';

const user = 'f0000000-0000-4000-8000-000000000001';

describe('init', () => {
  test('the response has the session id, the user, the attrs and the capabilities of the server', async () => {
    const peer = bench().connect();
    const ok = await peer.response('init-ok', { op: 'init', 'client-event-id': 'i', 'app-id': appId, 'refresh-token': user });
    expect(ok).toMatchObject({
      'client-event-id': 'i',
      'session-id': peer.session.id,
      auth: { app: { id: appId }, user: { id: '0b000000-0000-4000-8000-000000000001' }, 'admin?': null },
      'app-status': { status: 'active' },
      triplane: { 'refresh-covers-all': true, 'deduplicates-transactions': true },
    });
    const ids = ok.attrs!.map(({ id }) => id);
    expect(ids).toContain('96653230-13ff-ffff-a4b4-81ffffffffff');
    expect(ids).toEqual(ids.slice().sort());
  });

  test.each([
    ['no app id', { op: 'init' }, 'param-missing', { in: ['app-id'] }],
    ['a malformed app id', { op: 'init', 'app-id': 'x' }, 'param-malformed', { in: ['app-id'], 'original-input': 'x' }],
    ['an unknown token', { op: 'init', 'app-id': appId, 'refresh-token': 'x' }, 'record-not-found', { 'record-type': 'app-user' }],
    ['an unknown app', { op: 'init', 'app-id': appId.replace('1', '2') }, 'record-not-found', { 'record-type': 'app' }],
  ])('%s is rejected, and the session can send another init', async (_what, message, type, hint) => {
    const peer = bench({ createAppsOnUse: false }).connect();
    const error = await peer.response('error', message);
    expect(error).toMatchObject({ status: 400, type, hint, 'original-event': { op: 'init' } });
    expect(JSON.stringify(error)).not.toContain('refresh-token');
    expect((await peer.request({ op: 'init', 'app-id': appId }))[0]).toMatchObject({ op: 'init-ok' });
    expect(await peer.response('error', { op: 'init', 'app-id': appId })).toMatchObject({
      type: 'validation-failed',
      hint: { 'data-type': 'init' },
    });
  });

  test.each([
    ['the token of a user', user],
    ['malformed', 'x'],
    ['empty', ''],
  ])('an admin token that is %s is rejected, and the session does not become a guest', async (_what, token) => {
    const peer = bench().connect();
    const error = await peer.response('error', { op: 'init', 'app-id': appId, '__admin-token': token });
    expect(error).toMatchObject({ status: 400, type: 'record-not-found', hint: { 'record-type': 'app-admin-token' } });
    expect(JSON.stringify(error)).not.toContain('__admin-token');
    expect(await peer.response('error', { op: 'add-query', q: { goals: {} } })).toMatchObject({ hint: { 'data-type': 'init' } });
  });

  test.each([
    [adminToken, true],
    [null, null],
  ])('a session with the admin token is an admin, one without a token is a guest', async (token, isAdmin) => {
    const peer = bench().connect();
    expect(await peer.response('init-ok', { op: 'init', 'app-id': appId, '__admin-token': token })).toMatchObject({
      auth: { 'admin?': isAdmin },
    });
  });

  test('a message sent immediately after init is answered after it', async () => {
    const peer = bench().connect();
    peer.send({ op: 'init', 'app-id': appId });
    peer.send({ op: 'add-query', q: { goals: {} } });
    await rest();
    expect(peer.heard.map(({ op }) => op)).toEqual(['init-ok', 'add-query-ok']);
  });

  test.each(Object.keys(clientFields).filter((op) => op !== 'init'))('%s before init is rejected', async (op) => {
    const message = { ...clientMinimal[op as keyof typeof clientMinimal], 'client-event-id': 'early' };
    expect(await bench().connect().response('error', message)).toMatchObject({
      status: 400,
      type: 'validation-failed',
      hint: { 'data-type': 'init' },
      'client-event-id': 'early',
      'original-event': { op },
    });
  });
});

describe('every message gets a response', () => {
  test.each(['refresh', 'refresh-presence', 'server-broadcast', 'error', 'sse-init', 'constructor', '__proto__', 'x'])(
    'op %s, which is not a client op, is rejected',
    async (op) => {
      const peer = await bench().open();
      expect(await peer.response('error', { op })).toMatchObject({ status: 400, type: 'param-malformed', hint: { op } });
    },
  );

  test('a frame that is not a message is rejected, and the session still works', async () => {
    const peer = await bench().open();
    const frames: unknown[] = [
      '',
      '{',
      '1',
      'null',
      '[1]',
      '[]',
      '"x"',
      '{"op":1}',
      undefined,
      Buffer.from('x'),
      '{"op":"join-room"}',
      '['.repeat(200) + ']'.repeat(200),
    ];
    for (const frame of frames) {
      peer.heard.length = 0;
      peer.session.receive(frame);
      await rest();
      expect(peer.heard).toMatchObject([{ op: 'error', status: 400, type: expect.stringMatching(/^param-/) }]);
    }
    expect(await peer.response('remove-query-ok', { op: 'remove-query', q: { a: {} } })).toBeDefined();
  });

  test.each<[object, string, object]>([
    [{ op: 'add-query' }, 'validation-failed', { 'data-type': 'add-query', input: { q: null } }],
    [{ op: 'start-sync', q: null }, 'validation-failed', { 'data-type': 'start-sync', input: { q: null } }],
    [{ op: 'start-sync', q: 7 }, 'validation-failed', { 'data-type': 'query', input: 7, errors: [{ in: [] }] }],
    [{ op: 'transact' }, 'validation-failed', { 'data-type': 'tx-steps', input: null, errors: [{ in: [] }] }],
    [{ op: 'transact', 'tx-steps': 'x' }, 'validation-failed', { 'data-type': 'tx-steps', input: 'x', errors: [{ in: [] }] }],
    [{ op: 'transact', 'tx-steps': [[], 7] }, 'validation-failed', { 'data-type': 'tx-steps', errors: [{ in: [1] }] }],
    [{ op: 'unsubscribe-stream' }, 'validation-failed', { 'data-type': 'unsubscribe-stream', input: { 'subscribe-event-id': null } }],
    [{ op: 'unsubscribe-stream', 'subscribe-event-id': 7 }, 'validation-failed', { input: { 'subscribe-event-id': '7' } }],
    [{ op: 'subscribe-stream', 'client-id': 7 }, 'validation-failed', { 'data-type': 'subscribe-stream', input: { 'client-id': '7' } }],
    [{ op: 'leave-room', 'room-id': false }, 'param-missing', { in: ['room-id'] }],
    [{}, 'param-malformed', { op: null }],
    [{ op: null }, 'param-malformed', { op: null }],
    [{ op: 1 }, 'param-malformed', { op: null }],
    [{ op: ['add-query'] }, 'param-malformed', { op: null }],
    [{ op: 'nope' }, 'param-malformed', { op: 'nope' }],
  ])('%j is rejected with an error type and a hint', async (message, type, hint) => {
    const peer = await bench().open({ '__admin-token': adminToken });
    expect(await peer.response('error', message)).toMatchObject({ status: 400, type, hint });
  });

  test.each([5, 1.5, true, false, [], [1], {}, { a: 1 }, '\0', '\0{'])('an event id and a topic may be %j', async (any) => {
    const world = bench();
    const heard: Record<string, unknown>[] = [];
    const take = (frame: string): void => void heard.push(...([JSON.parse(frame)].flat() as Record<string, unknown>[]));
    const session = world.hub.connect({ send: take, close: () => undefined });
    const said = async (message: object): Promise<Record<string, unknown> | undefined> => {
      session.receive(JSON.stringify({ ...message, 'client-event-id': any }));
      await rest();
      return heard.splice(0).find(({ op }) => /-ok$|error/.test(String(op)));
    };
    const id = { 'client-event-id': any };
    expect(await said({ op: 'init', 'app-id': appId })).toMatchObject({ op: 'init-ok', ...id });
    expect(await said({ op: 'join-room', 'room-id': 'r' })).toMatchObject({ op: 'join-room-ok', ...id });
    expect(await said({ op: 'client-broadcast', 'room-id': 'r', topic: any, data: 1 })).toMatchObject({ topic: any, ...id });
    expect(await said({ op: 'remove-query', q: any })).toMatchObject({ op: 'remove-query-ok', q: any, ...id });
    expect(await said({ op: 'add-query', q: { a: { $: { limit: 'x' } } } })).toMatchObject({ op: 'error', ...id, 'original-event': id });
  });

  test('each message in a frame of several gets a response', async () => {
    const peer = await bench().open();
    peer.session.receive(JSON.stringify([{ op: 'remove-query', q: { a: {} } }, { op: 'nothing' }, { op: 'leave-room', 'room-id': 'r' }]));
    await rest();
    expect(peer.heard.map(({ op }) => op).sort()).toEqual(['error', 'leave-room-ok', 'remove-query-ok']);
  });
});

describe('limits', () => {
  const few = { badFrames: 3, queries: 2, rooms: 1, steps: 2, pendingWrites: 1, earlyMessages: 1, frameBytes: 1000, apps: 1 };

  test('a client that keeps sending malformed frames is disconnected', async () => {
    const peer = await bench({ limits: few }).open();
    for (let time = 0; time < 5; time++) peer.session.receive('x');
    expect(peer.closedWith?.[0]).toBe(1008);
    expect(peer.heard).toHaveLength(3);
  });

  async function overLimit(peer: TestPeer, messages: readonly object[], limit: string): Promise<void> {
    for (const message of messages.slice(0, -1))
      expect(await peer.request(message)).not.toContainEqual(expect.objectContaining({ op: 'error' }));
    expect(await peer.response('error', messages.at(-1)!)).toMatchObject({
      type: 'validation-failed',
      hint: { 'data-type': 'limit', limit },
    });
  }

  test('queries, rooms and steps above the limit are rejected', async () => {
    const peer = await bench({ limits: few }).open();
    await overLimit(
      peer,
      ['a', 'b', 'c'].map((etype) => ({ op: 'add-query', q: { [etype]: {} } })),
      'queries',
    );
    await overLimit(
      peer,
      ['a', 'a', 'b'].map((room) => ({ op: 'join-room', 'room-id': room })),
      'rooms',
    );
    await overLimit(peer, [{ op: 'transact', 'tx-steps': [[], [], []] }], 'steps');
  });

  test('a session without the admin token has a lower limit of steps, which init-ok announces', async () => {
    const world = bench({ limits: { steps: 3, userSteps: 2 } });
    const [guest, admin] = [world.connect(), world.connect()];
    const told = [
      await guest.response('init-ok', { op: 'init', 'app-id': appId }),
      await admin.response('init-ok', { op: 'init', 'app-id': appId, '__admin-token': adminToken }),
    ];
    expect(told).toMatchObject([2, 3].map((most) => ({ triplane: { limits: { 'max-transaction-steps': most } } })));
    const ofThree = { op: 'transact', 'tx-steps': ['id', 'title', 'body'].map((label) => ['add-attr', blob('goals', label)]) };
    await overLimit(guest, [ofThree], 'steps');
    expect(await admin.response('transact-ok', ofThree)).toMatchObject({ 'tx-id': 1 });
  });

  test('a rejected join-room is answered with error and, for older clients, with join-room-error', async () => {
    const peer = await bench({ limits: { rooms: 0 } }).open();
    const received = await peer.request({ op: 'join-room', 'room-id': 'r' });
    expect(received.map(({ op }) => op)).toEqual(['error', 'join-room-error']);
  });

  test('a write above the limit of pending writes is rejected', async () => {
    const peer = await bench({ limits: few }).open();
    peer.send({ op: 'transact', 'tx-steps': [] });
    peer.send({ op: 'transact', 'tx-steps': [] });
    await rest();
    expect(peer.heard.map(({ op }) => op)).toEqual(['error', 'transact-ok', 'refresh-ok']);
    expect(peer.heard[0]).toMatchObject({ type: 'rate-limited' });
  });

  test('a frame above the size limit is rejected', async () => {
    const peer = await bench({ limits: few }).open();
    expect(await peer.response('error', { op: 'remove-query', q: { a: 'x'.repeat(1000) } })).toMatchObject({ type: 'param-malformed' });
  });

  test('an app above the limit is not created', async () => {
    const world = bench({ limits: few });
    await world.open();
    await expect(world.hub.createApp({ id: appId.replace('1', '2') })).rejects.toMatchObject({ hint: { limit: 'apps' } });
  });
});

test('closing the server closes every session', async () => {
  const world = bench();
  const [ready, opened] = [await world.open(), world.connect()];
  await world.hub.close();
  expect([ready.closedWith?.[0], opened.closedWith?.[0]]).toEqual([1001, 1001]);
  expect(world.connect().closedWith?.[0]).toBe(1001);
});

test('an app without sessions is unloaded from memory, one with a session stays, and an unloaded app is loaded again on use', async () => {
  const storage = memory();
  const world = bench({ storage });
  const idOf = (n: number): string => `a9900000-0000-4000-8000-0000000010${n.toString(16).padStart(2, '0')}`;
  const goalsId = blob('goals', 'id');
  const goal = newId();
  for (let n = 0; n < 20; n++) {
    await world.hub.createApp({ id: idOf(n) });
    const peer = await world.open({ 'app-id': idOf(n) });
    await peer.request({
      op: 'transact',
      'tx-steps': [
        ['add-attr', goalsId],
        ['add-triple', goal, goalsId.id, goal],
      ],
    });
    if (n >= 3) peer.session.end();
  }
  expect(world.hub.summary()).toHaveLength(20);
  await world.clock.advance(4 * 60 * 1000);
  expect(world.hub.summary()).toHaveLength(20);
  const back = await world.open({ 'app-id': idOf(10) });
  back.session.end();
  await world.clock.advance(3 * 60 * 1000);
  expect(world.hub.summary().map(({ id }) => id)).toEqual([idOf(0), idOf(1), idOf(2), idOf(10)]);
  const again = await world.open({ 'app-id': idOf(7) });
  expect(JSON.stringify(await again.request({ op: 'add-query', q: { goals: {} } }))).toContain(goal);
});
