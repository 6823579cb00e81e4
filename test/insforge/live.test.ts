// The live side against a real socket.io server: the handshake, channels, messages, presence, and coming back after a loss.

import { describe, expect, test, vi } from 'vitest';

import {
  type InsforgeOptions,
  type InsforgeRoom,
  type PresenceEvent,
  type RoomMessage,
  type RoomStatus,
} from '../../src/insforge/index.ts';
import { apiKey, InsforgeDouble, userToken } from './double.ts';
import { insforgeWorld, until } from './world.ts';

const world = insforgeWorld();

function heard<T = unknown>(room: InsforgeRoom, topic: string): T[] {
  const messages: T[] = [];
  room.onTopic<T>(topic, (data) => messages.push(data));
  return messages;
}

const ids = (room: InsforgeRoom): string[] =>
  room
    .getPresence()
    .peers.map(({ id }) => id)
    .sort();

describe('the handshake', () => {
  test.each<[Partial<InsforgeOptions>, string, number]>([
    [{ apiKey: 'ik_wrong' }, 'Invalid API key', 1],
    [{ anonKey: 'anon_wrong' }, 'Invalid anon key', 1],
    [{ getToken: () => userToken('ana', { expired: true }) }, 'Invalid token', 2],
    [{ getToken: () => 'not.a.token' }, 'Invalid token', 2],
    [{ getToken: () => null, anonKey: '' }, 'No authentication provided', 2],
  ])('%o is rejected: %s. Only a function is called for another token: %i handshakes', async (options, message, handshakes) => {
    const client = world.client({ anonKey: undefined as never, ...options });
    const statuses: string[] = [];
    client.onStatus((status) => statuses.push(status));
    await expect(client.connect()).rejects.toMatchObject({
      name: 'InsforgeRealtimeError',
      code: 'AUTH_FAILED',
      message: expect.stringContaining(message),
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([statuses, world.double.handshakes.length]).toEqual([['connecting', 'rejected'], handshakes]);
  });

  test('getToken is called again with force when its token has expired', async () => {
    const asked: boolean[] = [];
    const client = world.client({
      getToken: async ({ force }) => {
        asked.push(force);
        return userToken('ana', { expired: !force });
      },
    });
    await client.connect();
    expect([asked, client.status]).toEqual([[false, true], 'connected']);
  });

  test('an error thrown by getToken is the cause of the rejection', async () => {
    const cause = new Error('the session is over');
    const client = world.client({ anonKey: undefined as never, getToken: () => Promise.reject(cause) });
    await expect(client.connect()).rejects.toMatchObject({ code: 'AUTH_FAILED', cause });
  });

  test('connect() can be called again after a wrong key is corrected', async () => {
    let token = 'anon_wrong';
    const client = world.client({ getToken: () => token });
    await expect(client.connect()).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    token = userToken('ana');
    await client.connect();
    expect(client.status).toBe('connected');
  });

  test('concurrent callers share one connection', async () => {
    const client = world.client();
    await Promise.all([client.connect(), client.connect(), client.room('chat', '1').join(), client.room('chat', '2').join()]);
    expect(world.double.handshakes).toHaveLength(1);
  });

  test('without a server connect() times out, and it connects once there is one', async () => {
    const { url } = world.double;
    await world.double.close();
    const client = world.client({ baseUrl: url, connectTimeoutMs: 50 });
    const room = client.room('chat', '1');
    await expect(room.join()).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' });
    expect([client.status, room.status]).toEqual(['reconnecting', 'reconnecting']);
    const back = new InsforgeDouble();
    back.define('chat:%');
    await back.listen(Number(new URL(url).port));
    await until(() => [client.status, room.status], ['connected', 'joined']);
    await client.close();
    await back.close();
    await expect(client.connect()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('without socket.io-client the error names the package to install', async () => {
    vi.doMock('socket.io-client', () => {
      throw new Error('Cannot find package');
    });
    const client = world.client();
    await expect(client.connect()).rejects.toMatchObject({
      code: 'DEPENDENCY_MISSING',
      message: expect.stringContaining('npm install socket.io-client'),
    });
    vi.doUnmock('socket.io-client');
  });

  test.each([
    [{ baseUrl: 'nowhere' }, /baseUrl/],
    [{ anonKey: undefined as never }, /anonKey/],
  ])('options %o are rejected at once', (options, message) => {
    expect(() => world.client(options)).toThrow(message);
  });
});

describe('channels', () => {
  test('the same object for the same name', () => {
    const client = world.client();
    expect(client.room('chat', '1')).toBe(client.channel('chat:1'));
    expect(client.room('lobby').name).toBe('lobby');
    expect(() => client.channel('')).toThrow(TypeError);
    expect(() => client.channel('realtime:chat')).toThrow(/realtime:/);
    expect(world.client({ allowAmbiguousNames: true }).channel('realtime:chat').name).toBe('realtime:chat');
  });

  test('joining an unknown channel and one that row security denies is rejected', async () => {
    const client = world.client();
    world.double.canSubscribe = (_identity, channel) => channel !== 'chat:secret';
    for (const room of [client.room('unknown', '1'), client.room('chat', 'secret')]) {
      await expect(room.join()).rejects.toMatchObject({ name: 'InsforgeRealtimeError', code: 'REALTIME_UNAUTHORIZED', channel: room.name });
      expect(room.status).toBe('rejected');
    }
    world.double.canSubscribe = () => true;
    await client.room('chat', 'secret').join();
    expect(client.getSubscribedChannels()).toEqual(['chat:secret']);
  });

  test('without a response the join times out, and the client leaves the channel on the server', async () => {
    world.double.acknowledges = false;
    const client = world.client({ subscribeTimeoutMs: 30 });
    const room = client.room('chat', '1');
    await expect(room.join()).rejects.toMatchObject({ code: 'SUBSCRIBE_TIMEOUT' });
    await until(() => world.double.members.get('chat:1')?.size, 0);
    world.double.acknowledges = true;
    await room.join();
    expect(room.status).toBe('joined');
  });

  test('a backend without presence reports no members', async () => {
    world.double.hasPresence = false;
    const room = world.client().room('chat', '1');
    expect(await room.join()).toEqual({ self: null, peers: [] });
    expect(room.capabilities.presence).toBe('none');
  });

  test('leave() cancels a pending join', async () => {
    const room = world.client().room('chat', '1');
    const joining = room.join();
    await room.leave();
    await expect(joining).rejects.toMatchObject({ code: 'SUBSCRIPTION_CANCELLED' });
    expect(room.status).toBe('left');
    await room.join();
    expect(room.status).toBe('joined');
  });

  test('a malformed response rejects the join', async () => {
    world.double.acknowledges = false;
    world.double.io.on('connection', (socket) =>
      socket.on('realtime:subscribe', (_request: unknown, answer: (value: unknown) => void) => answer(null)),
    );
    await expect(world.client().room('chat', '1').join()).rejects.toMatchObject({ code: 'MALFORMED_FRAME' });
  });
});

describe('messages', () => {
  test('every JSON value arrives unchanged', async () => {
    const [ana, ben] = [world.client().room('chat', '1'), world.client().room('chat', '1')];
    await Promise.all([ana.join(), ben.join()]);
    const got = heard(ben, 'said');
    const values = [
      { a: 1 },
      {},
      [1, [2]],
      'text',
      '',
      7,
      0,
      true,
      null,
      { meta: 1 },
      { _value: 2 },
      { _tp: 3 },
      { _value: { _value: 1 } },
      new Date(0),
    ];
    for (const value of values) await ana.publish('said', value);
    await until(() => got.length, values.length);
    expect(got).toEqual([...values.slice(0, -1), '1970-01-01T00:00:00.000Z']);
  });

  test('a message has its sender, time and id', async () => {
    const [ana, ben] = [world.user('ana').room('chat', '1'), world.client({ apiKey }).room('chat', '1')];
    await Promise.all([ana.join(), ben.join()]);
    const got: RoomMessage[] = [];
    ana.onTopic('said', (_data, message) => got.push(message));
    await ana.publish('said', { n: 1 });
    await until(() => got.length, 1);
    await ben.publish('said', { n: 2 });
    await until(() => got.length, 2);
    expect(got[0]).toMatchObject({
      topic: 'said',
      data: { n: 1 },
      senderId: 'ana',
      senderKind: 'user',
      id: expect.any(String),
      at: expect.any(Number),
    });
    expect(got[1]).toMatchObject({ data: { n: 2 }, senderKind: 'system' });
    expect(got[1]).not.toHaveProperty('senderId');
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a circle', circular],
    ['NaN', { n: NaN }],
    ['bytes', { bytes: new Uint8Array(2) }],
    ['a Map', new Map()],
    ['a hole', [1, undefined]],
  ])('%s is rejected before it is sent', async (_name, value) => {
    const room = world.client().room('chat', '1');
    await room.join();
    await expect(room.publish('said', value)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD', channel: 'chat:1' });
    expect(world.double.messages).toEqual([]);
  });

  test('a payload large enough to end the connection is rejected', async () => {
    const client = world.client();
    const room = client.room('chat', '1');
    await room.join();
    await expect(room.publish('said', { text: 'é'.repeat(500_000) })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await room.publish('said', { text: 'x'.repeat(890_000) });
    await until(() => world.double.messages.length, 1);
    expect(client.status).toBe('connected');
  });

  test.each(['connect', 'disconnect', 'presence:join', 'presence:leave', 'realtime:error', 'notification', ''])(
    "publishing with the topic '%s' is rejected",
    async (topic) => {
      const room = world.client().room('chat', '1');
      await room.join();
      await expect(room.publish(topic, {})).rejects.toMatchObject({ code: 'INVALID_TOPIC' });
    },
  );

  test('publish requires a joined room', async () => {
    const room = world.client().room('chat', '1');
    await expect(room.publish('said', 1)).rejects.toMatchObject({ code: 'NOT_JOINED' });
    await room.join();
    await room.leave();
    await expect(room.publish('said', 1)).rejects.toMatchObject({ code: 'NOT_JOINED' });
  });

  test('messages are routed by channel name, and one that arrives twice is delivered once', async () => {
    const client = world.client();
    const [one, two] = [client.room('chat', '1'), client.room('chat', '2')];
    await Promise.all([one.join(), two.join()]);
    const [inOne, inTwo] = [heard(one, 'said'), heard(two, 'said')];
    await one.publish('said', 'to one');
    await until(() => inOne.length, 1);
    const meta = { messageId: 'm1', senderType: 'user' };
    world.double.emitRaw('said', { n: 1, meta: { ...meta, channel: 'chat:2' } });
    world.double.emitRaw('said', { n: 1, meta: { ...meta, channel: 'realtime:chat:2' } });
    world.double.emitRaw('said', { n: 2, meta: { channel: 'realtime:elsewhere' } });
    world.double.emitRaw('said', { n: 3, meta: { channel: 'realtime:chat:2', messageId: 'm2' } });
    await until(() => inTwo.length, 2);
    expect([inOne, inTwo]).toEqual([['to one'], [{ n: 1 }, { n: 3 }]]);
  });

  test('messages that arrive before the join is confirmed are delivered after it', async () => {
    world.double.acknowledges = false;
    world.double.io.on('connection', (socket) =>
      socket.on('realtime:subscribe', ({ channel }: { channel: string }, answer: (value: unknown) => void) => {
        socket.emit('said', { n: 1, meta: { channel: `realtime:${channel}` } });
        answer({ ok: true, channel, presence: { members: [] } });
      }),
    );
    const room = world.client().room('chat', '1');
    const got = heard(room, 'said');
    await room.join();
    expect(got).toEqual([{ n: 1 }]);
  });

  test('a rejected publish is reported', async () => {
    const room = world.client().room('chat', '1');
    const errors: Error[] = [];
    room.onError((error) => errors.push(error));
    await room.join();
    world.double.canPublish = () => false;
    await room.publish('said', 1);
    await until(() => errors.length, 1);
    expect(errors).toMatchObject([{ code: 'REALTIME_UNAUTHORIZED', channel: 'chat:1' }]);
  });
});

describe('publishing with echo acknowledgement', () => {
  const echo = { ack: 'echo', serial: true } as const;

  test('two hundred concurrent messages arrive in order with it, and in any order without it', async () => {
    world.double.reorderMs = 5;
    const [ana, ben] = [world.client().room('chat', '1', echo), world.client().room('chat', '1')];
    await Promise.all([ana.join(), ben.join()]);
    expect([ana.capabilities.ordered, ana.capabilities.publishAck, ben.capabilities.ordered]).toEqual([true, 'echo', false]);
    const got = heard<number>(ben, 'n');
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(numbers.map((n) => ana.publish('n', n)));
    await until(() => got.length, 200);
    expect(got).toEqual(numbers);
    await Promise.all(numbers.map((n) => ben.publish('n', n)));
    await until(() => got.length, 400);
    expect(got.slice(200).sort((a, b) => a - b)).toEqual(numbers);
  });

  test('a rejection ends the oldest publish; a lost connection, a timeout and leaving end them all', async () => {
    const room = world.client().room('chat', '1', { ack: 'echo', timeoutMs: 30 });
    await room.join();
    world.double.canPublish = () => false;
    await expect(room.publish('said', 1)).rejects.toMatchObject({ code: 'REALTIME_UNAUTHORIZED' });
    world.double.canPublish = () => true;
    world.double.reorderMs = 10_000;
    await expect(room.publish('said', 2)).rejects.toMatchObject({ code: 'PUBLISH_TIMEOUT' });
    const lost = room.publish('said', 3);
    const isLost = expect(lost).rejects.toMatchObject({ code: 'DISCONNECTED' });
    world.double.dropAll();
    await isLost;
    await until(() => room.status, 'joined');
    const left = room.publish('said', 4);
    await room.leave();
    await expect(left).rejects.toMatchObject({ code: 'SUBSCRIPTION_CANCELLED' });
    world.double.reorderMs = 0;
  });

  test('own messages can be suppressed, without those of other clients of the same user', async () => {
    const [ana, other] = [world.user('ana').room('chat', '1', { ack: 'echo', suppressEcho: true }), world.user('ana').room('chat', '1')];
    await Promise.all([ana.join(), other.join()]);
    const [own, elsewhere] = [heard(ana, 'said'), heard(other, 'said')];
    await ana.publish('said', 'mine');
    await other.publish('said', 'hers');
    await until(() => elsewhere.length, 2);
    await until(() => own, ['hers']);
    expect([elsewhere, ana.capabilities.selfEcho]).toEqual([['mine', 'hers'], false]);
  });
});

describe('presence', () => {
  test('a user with two tabs is one member; an anonymous client is identified by its socket', async () => {
    const anonymous = world.client();
    const room = anonymous.room('chat', '1');
    const events: PresenceEvent[] = [];
    room.onPresence((event) => events.push(event));
    await room.join();
    expect(room.getPresence().self).toMatchObject({ id: anonymous.socketId, kind: 'anonymous', self: true, joinedAt: expect.any(Number) });
    const [tab, other] = [world.user('ana'), world.user('ana')];
    await tab.room('chat', '1').join();
    await other.room('chat', '1').join();
    expect(other.room('chat', '1').getPresence()).toMatchObject({ self: { id: 'ana', kind: 'user' }, peers: [{ id: anonymous.socketId }] });
    await until(() => ids(room), ['ana']);
    await tab.close();
    await other.room('chat', '1').leave();
    await until(() => ids(room), []);
    expect(events.map(({ type }) => type)).toEqual(['sync', 'join', 'leave']);
    expect(anonymous.getPresenceState('chat:1')).toEqual([
      { type: 'anonymous', presenceId: anonymous.socketId, joinedAt: expect.any(String) },
    ]);
    expect(anonymous.getPresenceState('chat:other')).toEqual([]);
  });

  test('messages with the names of presence events, and malformed presence, change nothing', async () => {
    const client = world.client();
    const room = client.room('chat', '1');
    const errors: Error[] = [];
    client.onError((error) => errors.push(error));
    await room.join();
    const member = { type: 'user', presenceId: 'ghost', joinedAt: new Date().toISOString() };
    const system = { senderType: 'system', messageId: 'm' };
    const peer = world.user('mallory');
    await peer.connect();
    await peer.room('chat', '1').join();
    await until(() => ids(room), ['mallory']);
    // As the backend delivers what a peer publishes under these names.
    world.double.emitRaw('presence:join', { member, meta: { ...system, senderType: 'user', channel: 'realtime:chat:1' } });
    world.double.emitRaw('presence:join', { member, meta: { ...system, channel: 'realtime:chat:1' } });
    world.double.emitRaw('presence:leave', {
      member: { presenceId: 'mallory' },
      meta: { ...system, senderType: 'user', channel: 'chat:1' },
    });
    world.double.emitRaw('realtime:error', { code: 'REALTIME_UNAUTHORIZED', meta: { channel: 'realtime:chat:1' } });
    world.double.emitRaw('notification', { message: 'Give me your password', meta: { channel: 'realtime:chat:1' } });
    world.double.emitRaw('presence:join', { member: { presenceId: '' }, meta: { ...system, channel: 'chat:1' } });
    world.double.emitRaw('presence:join', null);
    world.double.emitRaw('presence:join', 'text', 1);
    world.double.emitRaw('said', [1]);
    world.double.emitRaw('said', { no: 'meta' });
    world.double.emitRaw('said');
    world.double.notifyShutdown();
    await until(() => errors.some(({ message }) => message === 'The backend restarts'));
    expect(ids(room)).toEqual(['mallory']);
    expect(errors.filter((error) => (error as { code?: string }).code === 'REALTIME_UNAUTHORIZED')).toEqual([]);
    expect(errors.map(({ message }) => message).filter((message) => /password/.test(message))).toEqual([]);
    expect(client.status).toBe('connected');
  });

  test('disabling a definition keeps its members joined', async () => {
    const room = world.client().room('chat', '1');
    await room.join();
    for (const definition of world.double.definitions) definition.enabled = false;
    const errors: Error[] = [];
    room.onError((error) => errors.push(error));
    await room.publish('said', 1);
    await until(() => errors.length, 1);
    expect(room.status).toBe('joined');
  });
});

describe('a lost connection', () => {
  test('the client reconnects with a fresh token and a new socket to the same rooms, and reports who joined or left, but not its own new id', async () => {
    const tokens: boolean[] = [];
    const ana = world.client({ getToken: ({ force }) => (tokens.push(force), null) });
    const [ben, cleo] = [world.user('ben'), world.user('cleo')];
    const room = ana.room('chat', '1');
    const [events, statuses]: [string[], RoomStatus[]] = [[], []];
    await ben.room('chat', '1').join();
    await room.join();
    const before = ana.socketId;
    room.onPresence((event) => events.push(event.type === 'sync' ? 'sync' : `${event.type} ${event.peer.id}`));
    room.onStatus((status) => statuses.push(status));
    world.double.canSubscribe = ({ id }) => id !== 'ben';
    world.double.io.once('connection', () => void cleo.room('chat', '1').join());
    world.double.dropAll();
    await until(() => room.status === 'joined' && ids(room).includes('cleo'));
    expect(ana.socketId).not.toBe(before);
    expect(tokens).toEqual([false, false]);
    expect(statuses).toEqual(['reconnecting', 'joined']);
    expect(events.filter((event) => event !== 'sync').sort()).toEqual(['join cleo', 'leave ben']);
    expect(room.getPresence().self?.id).toBe(ana.socketId);
  });

  test('the client reconnects when the server closes the connection', async () => {
    const room = world.client().room('chat', '1');
    await room.join();
    const statuses: RoomStatus[] = [];
    room.onStatus((status) => statuses.push(status));
    world.double.kickAll();
    await until(() => statuses, ['reconnecting', 'joined']);
  });

  test('a rejected rejoin drops that room with an error, and the other rooms stay joined', async () => {
    const client = world.client();
    const [one, two] = [client.room('chat', '1'), client.room('chat', '2')];
    await Promise.all([one.join(), two.join()]);
    const errors: Error[] = [];
    one.onError((error) => errors.push(error));
    world.double.canSubscribe = (_identity, channel) => channel === 'chat:2';
    world.double.dropAll();
    await until(() => [one.status, two.status], ['rejected', 'joined']);
    expect(errors).toMatchObject([{ code: 'REALTIME_UNAUTHORIZED', channel: 'chat:1' }]);
    expect([one.getPresence(), client.getPresenceState('chat:1')]).toEqual([{ self: null, peers: [] }, []]);
    const statuses: RoomStatus[] = [];
    two.onStatus((status) => statuses.push(status));
    world.double.dropAll();
    await until(() => statuses, ['reconnecting', 'joined']);
    expect(one.status).toBe('rejected');
  });

  test('credentials that are rejected on reconnect end all rooms', async () => {
    const client = world.client();
    const room = client.room('chat', '1');
    await room.join();
    world.double.refuseNextHandshakes('Invalid token', 'Invalid token');
    world.double.dropAll();
    await until(() => [client.status, room.status], ['rejected', 'rejected']);
  });

  test('setIdentity() makes a new handshake and retries rejected rooms', async () => {
    let user = 'ana';
    const client = world.client({ getToken: () => userToken(user) });
    world.double.canSubscribe = ({ id }) => id === 'ben';
    const room = client.room('chat', '1');
    await expect(room.join()).rejects.toMatchObject({ code: 'REALTIME_UNAUTHORIZED' });
    user = 'ben';
    await client.setIdentity();
    await until(() => room.status, 'joined');
    expect(room.getPresence().self?.id).toBe('ben');
  });

  test('close() leaves all rooms and rejects later joins', async () => {
    const client = world.client();
    const room = client.room('chat', '1');
    await room.join();
    await client.close();
    expect([client.status, room.status]).toEqual(['closed', 'left']);
    await until(() => world.double.io.sockets.sockets.size, 0);
    await expect(client.room('chat', '2').join()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
