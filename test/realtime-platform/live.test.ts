// Topics and channels over Socket.IO and over the plain WebSocket, with every assumption as it stands and with all names changed.

import { describe, expect, test } from 'vitest';

import {
  type PlatformEvent,
  type PlatformOptions,
  RealtimeClient,
  type Room,
  type WireOptions,
} from '../../src/realtime-platform/index.ts';
import { wireOf } from '../../src/realtime-platform/wire.ts';
import { platformToken } from './double.ts';
import { platformWorld, until } from './world.ts';

const world = platformWorld();
const ids = (room: Room): string[] =>
  room
    .getPresence()
    .peers.map(({ id }) => id)
    .sort();

describe.each(['socketio', 'ws'] as const)('topics over %s', (transport) => {
  const client = (options: Partial<PlatformOptions> = {}) => world.client({ transport, ...options });

  test('a subscription is confirmed, receives its events, and none after it ends', async () => {
    const got: PlatformEvent[] = [];
    const subscription = client().subscribe({ topic: 'order.changed', filter: { state: 'paid' }, returnMode: 'full' }, (event) =>
      got.push(event),
    );
    await subscription.ready;
    expect(world.double.subscribes).toMatchObject([{ topic: 'order.changed', filter: { state: 'paid' }, returnMode: 'full' }]);
    world.double.event('order.changed', { state: 'paid', n: 1 });
    await until(() => got.length, 1);
    expect(got[0]).toMatchObject({ topic: 'order.changed', payload: { n: 1 } });
    subscription.unsubscribe();
    world.double.event('order.changed', { state: 'paid', n: 2 });
    await until(() => world.double.unsubscribes.length, 1);
    expect(world.double.unsubscribes).toMatchObject([{ subscriptionId: expect.stringMatching(/^sub_\d+[xp]$/) }]);
    expect(got).toHaveLength(1);
  });

  test('two subscriptions on one topic receive the events that match their filters', async () => {
    const [paid, open]: [unknown[], unknown[]] = [[], []];
    const one = client();
    await one.subscribe({ topic: 'order.changed', filter: { state: 'paid' } }, ({ payload }) => paid.push(payload)).ready;
    await one.subscribe({ topic: 'order.changed', filter: { state: 'open' } }, ({ payload }) => open.push(payload)).ready;
    world.double.event('order.changed', { state: 'paid' });
    world.double.event('order.changed', { state: 'open' });
    await until(() => [paid.length, open.length], [1, 1]);
  });

  test('after a reconnect the client has a token of the requested freshness, new ids, and events again', async () => {
    const got: unknown[] = [];
    const one = client();
    await one.subscribe({ topic: 'a.b' }, ({ payload }) => got.push(payload)).ready;
    world.double.dropAll();
    await until(() => world.double.subscribes.length, 2);
    await until(() => one.status, 'connected');
    world.double.event('a.b', { n: 1 });
    await until(() => got, [{ n: 1 }]);
    expect(world.double.handshakes).toHaveLength(2);
  });

  test('credentials that are rejected once are forced; a second rejection ends everything', async () => {
    const forced: boolean[] = [];
    const one = client({ getToken: ({ force }) => (forced.push(force), platformToken()) });
    world.double.refuseNextHandshakes(1);
    await one.subscribe({ topic: 'a.b' }, () => {}).ready;
    expect(forced).toEqual([false, true]);
    world.double.refuseNextHandshakes(2);
    const two = client();
    await expect(two.subscribe({ topic: 'a.b' }, () => {}).ready).rejects.toMatchObject({
      name: 'PlatformRealtimeError',
      code: 'AUTH_FAILED',
    });
    expect(two.status).toBe('rejected');
  });

  test('malformed frames are dropped and reported once', async () => {
    const one = client();
    const errors: Error[] = [];
    one.onError((error) => errors.push(error));
    await one.subscribe({ topic: 'a.b' }, () => {}).ready;
    world.double.sendPlain('no json');
    world.double.sendPlain(Buffer.from([1, 2]));
    world.double.sendPlain('[1]');
    for (let n = 0; n < 3; n++) world.double.emitRaw('event', { no: 'topic' });
    await until(() => errors.length > 0);
    expect(errors.every((error) => (error as { code?: string }).code === 'MALFORMED_FRAME')).toBe(true);
    expect(one.status).toBe('connected');
  });

  test('static credentials are tried only once', async () => {
    const one = client({ getToken: undefined as never, token: 'wrong' });
    const errors: Error[] = [];
    one.onError((error) => errors.push(error));
    // A plain WebSocket is open before the server closes it.
    await one.connect().catch(() => {});
    await until(() => one.status, 'rejected');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([errors, world.double.handshakes.length]).toMatchObject([[{ code: 'AUTH_FAILED' }], 1]);
  });

  test('after the allowed number of attempts there is an error, and connect() starts again', async () => {
    const { url } = world.double;
    await world.double.close();
    const one = client({ reconnect: { delayMs: 1, maxDelayMs: 2, attempts: 2 } });
    const errors: Error[] = [];
    one.onError((error) => errors.push(error));
    await expect(one.connect()).rejects.toMatchObject({ name: 'PlatformRealtimeError', code: 'UNREACHABLE' });
    expect([one.status, errors.length]).toEqual(['rejected', 1]);
    const again = one.connect();
    await world.double.listen(Number(new URL(url).port));
    await again.catch(() => one.connect());
    expect(one.status).toBe('connected');
  });

  test('a filter that JSON cannot represent or that is too large is rejected at once', async () => {
    const one = client();
    const subscribe = (filter: Record<string, unknown>) => () => one.subscribe({ topic: 'a.b', filter }, () => {});
    expect(subscribe({ n: 1n })).toThrow(expect.objectContaining({ code: 'INVALID_PAYLOAD' }));
    expect(subscribe({ text: 'x'.repeat(1_000_000) })).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }));
    expect(() => one.watch('Not a service', 'id', () => {})).toThrow(TypeError);
    expect(() => one.watch('board', '', () => {})).toThrow(TypeError);
    expect(one.status).toBe('idle');
  });

  test('an option of `wire` that throws is reported, and affects nothing else', async () => {
    const one = client({
      wire: {
        parseEvent: () => {
          throw new Error('the parser is wrong');
        },
      },
    });
    const errors: Error[] = [];
    one.onError((error) => errors.push(error));
    await one.subscribe({ topic: 'a.b' }, () => {}).ready;
    world.double.event('a.b', {});
    await until(() => errors.map(({ message }) => message), ['the parser is wrong']);
    expect(one.status).toBe('connected');
  });

  test('close() rejects later connect() and subscribe() calls', async () => {
    const one = client();
    await one.connect();
    await one.close();
    await expect(one.connect()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(one.subscribe({ topic: 'a.b' }, () => {}).ready).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('a watch follows a document through changes, a gap, its end and a reconnect', async () => {
    const one = client();
    const { id } = await one.sync.create('board', { n: 0 });
    const got: unknown[] = [];
    const stop = one.sync.watch<{ n: number }>('board', id, (doc) => got.push(doc && doc.data.n));
    await until(() => got, [0]);
    await until(() => world.double.subscribes.length, 3);
    await one.sync.replace('board', id, { n: 1 });
    await until(() => got, [0, 1]);
    // Behind the client's back: the next event is two revisions ahead.
    const doc = world.double.space().documents.get(`board/${id}`);
    if (doc) Object.assign(doc, { revision: doc.revision + 1, data: { n: 2 } });
    await one.sync.merge('board', id, { n: 3 });
    await until(() => got.at(-1), 3);
    if (doc) Object.assign(doc, { revision: doc.revision + 1, data: { n: 4 } });
    world.double.dropAll();
    await until(() => got.at(-1), 4);
    await one.sync.delete('board', id);
    await until(() => got.at(-1), null);
    stop();
  });
});

test.each(['object', 'text', 'event'] as const)('a subscription that is confirmed by %s', async (confirms) => {
  world.double.confirms = confirms;
  const subscription = world.client().subscribe({ topic: 'a.b' }, () => {});
  await subscription.ready;
  subscription.unsubscribe();
  await until(() => world.double.unsubscribes.length, 1);
  expect(world.double.unsubscribes).toMatchObject([{ subscriptionId: 'sub_1x' }]);
});

test('an unconfirmed subscription is kept, with a warning; a rejected one is not', async () => {
  world.double.confirms = 'silent';
  const client = world.client();
  const errors: Error[] = [];
  client.onError((error) => errors.push(error));
  const got: unknown[] = [];
  const subscription = client.subscribe({ topic: 'a.b' }, ({ payload }) => got.push(payload));
  await subscription.ready;
  expect(errors).toMatchObject([{ code: 'SUBSCRIBE_TIMEOUT' }]);
  world.double.event('a.b', { n: 1 });
  await until(() => got.length, 1);
  subscription.unsubscribe();
  await until(() => world.double.unsubscribes, [{ topic: 'a.b', subscriptionId: 'sub_1' }]);
  await expect(client.subscribe({ topic: 'forbidden' }, () => {}).ready).rejects.toMatchObject({ code: 'ForbiddenError' });
});

const renamed: WireOptions = {
  channel: { join: 'j', leave: 'l', publish: 'p', direct: 'd', message: 'm', presenceJoin: 'in', presenceLeave: 'out' },
  handshake: (token) => ({ jwt: token }),
};

describe.each([
  ['rest', 'poll', undefined],
  ['rest', 'events', undefined],
  ['socket', 'poll', undefined],
  ['socket', 'events', undefined],
  ['socket', 'events', renamed],
] as const)('channels: publishing by %s, presence by %s, names %o', (publishVia, presence, wire) => {
  const client = () => {
    world.double.wire = wireOf(wire);
    return world.client({ publishVia, presence, ...(wire && { wire }) });
  };

  test('each join and leave is reported once, and the client’s own is not reported', async () => {
    const [ana, ben] = [client(), client()];
    const room = ana.room('board', '42');
    const events: string[] = [];
    room.onPresence((event) => events.push(event.type));
    const { self } = await room.join();
    expect(self).toMatchObject({ id: ana.socketId, kind: 'connection', self: true });
    await ben.room('board', '42').join();
    await until(() => ids(room), [ben.socketId]);
    await ben.close();
    await until(() => ids(room), []);
    expect(events.filter((type) => type !== 'sync')).toEqual(['join', 'leave']);
    expect(room.capabilities).toMatchObject({
      presence: presence === 'poll' ? 'polled' : 'live',
      publishAck: publishVia === 'rest' ? 'server' : 'none',
    });
  });

  test('messages reach every member of the channel', async () => {
    const [ana, ben] = [client().channel('board:42'), client().channel('board:42')];
    await Promise.all([ana.join(), ben.join()]);
    const got: unknown[] = [];
    for (const room of [ana, ben]) room.onTopic('stroke', (data) => got.push(data));
    await ana.publish('stroke', [1, 2]);
    await until(
      () => got,
      [
        [1, 2],
        [1, 2],
      ],
    );
  });
});

describe('channels', () => {
  test('a rejected join fails, and a join without a response succeeds', async () => {
    world.double.canJoin = (channel) => channel !== 'secret';
    const client = world.client();
    await expect(client.channel('secret').join()).rejects.toMatchObject({ code: 'ForbiddenError', channel: 'secret' });
    world.double.acknowledgesJoins = false;
    await client.channel('open').join();
    expect(client.channel('open').status).toBe('joined');
  });

  test('a client with a client token may receive, and its publishing is rejected', async () => {
    const room = world.client({ getToken: () => platformToken('client') }).channel('open');
    await room.join();
    await expect(room.publish('said', 1)).rejects.toMatchObject({ name: 'PlatformRealtimeError', code: 'FORBIDDEN' });
  });

  test('messages arrive as events of the socket service and as direct messages', async () => {
    const [ana, ben] = [world.client(), world.client()];
    const room = ana.channel('open');
    await Promise.all([room.join(), ben.connect()]);
    const [got, direct]: [unknown[], unknown[]] = [[], []];
    room.onTopic('said', (data) => got.push(data));
    ana.onDirect((event, data) => direct.push([event, data]));
    world.double.emitRaw('event', { topic: 'socket', source: 'socket', payload: { channel: 'open', event: 'said', data: 7 } });
    ben.direct(ana.socketId ?? '', 'psst', { n: 1 });
    await until(() => [got, direct], [[7], [['psst', { n: 1 }]]]);
  });

  test('the plain WebSocket has no channels', () => {
    const client = world.client({ transport: 'ws' });
    expect(() => client.channel('open')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_TRANSPORT' }));
    expect(() => client.direct('s', 'e', 1)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_TRANSPORT' }));
  });

  test('a topic room receives events, and rejoins after a lost connection', async () => {
    const room = world.client({ transport: 'ws' }).topicRoom('order');
    const got: unknown[] = [];
    room.onTopic('changed', (data) => got.push(data));
    await room.join();
    await until(() => world.double.subscribes.length, 1);
    world.double.event('order.changed', { n: 1 });
    await until(() => got, [{ n: 1 }]);
    await expect(room.publish('changed', 1)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    world.double.dropAll();
    await until(() => world.double.subscribes.length, 2);
    await until(() => room.status, 'joined');
    await room.leave();
    await until(() => world.double.unsubscribes.length, 1);
  });
});

test("the vendor's client without reconnection makes one attempt, reports one error, and is disconnected", async () => {
  const { url } = world.double;
  await world.double.close();
  const client = new RealtimeClient({ url, token: platformToken(), reconnection: false });
  const [errors, states]: [unknown[], string[]] = [[], []];
  client.on('error', ({ code }) => errors.push(code));
  client.on('connection', ({ state }) => states.push(state));
  await until(() => client.connectionState, 'disconnected');
  expect([errors, states.at(-1)]).toEqual([['UNREACHABLE'], 'disconnected']);
  client.disconnect();
  await world.double.listen();
  // Nor does it come back after a loss.
  const other = new RealtimeClient({ url: world.double.url, token: platformToken(), reconnection: false });
  await until(() => other.connectionState, 'connected');
  world.double.dropAll();
  await until(() => other.connectionState, 'disconnected');
  other.disconnect();
});

test("the vendor's client: leaving and disconnecting are not errors, a lost message is, and a rejected channel is requested again", async () => {
  const client = new RealtimeClient({ url: world.double.url, token: platformToken(), applicationId: 'app_demo', presence: 'off' });
  const errors: unknown[] = [];
  client.on('error', ({ code }) => errors.push(code));
  world.double.canJoin = () => false;
  client.socketClient.joinChannel('a');
  await until(() => errors, ['ForbiddenError']);
  world.double.canJoin = () => true;
  client.socketClient.joinChannel('a');
  await until(() => client.client.channel('a').status, 'joined');
  client.socketClient.joinChannel('b');
  client.socketClient.leaveChannel('b');
  client.socketClient.joinChannel('c');
  client.disconnect();
  await until(() => client.client.channel('c').status, 'left');
  expect(errors).toEqual(['ForbiddenError']);
  client.socketClient.publish('a', 'said', 1);
  await until(() => errors, ['ForbiddenError', 'NOT_JOINED']);
});

test('a payload that cannot be sent to a socket is rejected', async () => {
  const client = world.client();
  await client.connect();
  expect(() => client.direct('s', 'e', 1n)).toThrow(expect.objectContaining({ code: 'INVALID_PAYLOAD' }));
  expect(() => client.direct('s', 'e', 'x'.repeat(1_000_000))).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }));
});

test("the vendor's names", async () => {
  const make = () => {
    const made = new RealtimeClient({ url: world.double.url, token: platformToken(), applicationId: 'app_demo', presence: 'events' });
    return made;
  };
  const [ana, ben] = [make(), make()];
  const [events, states, messages, direct]: [unknown[], string[], unknown[], unknown[]] = [[], [], [], []];
  ana.on('connection', ({ state }) => states.push(state));
  expect(ana.subscribe({ topic: 'session.status' })).toBe('sub_1');
  ana.on('event', (event) => events.push(['event', event.payload]));
  ana.on('event:session.status', (event) => events.push(['topic', event.payload]));
  ana.on('message', (message) => direct.push(message['event']));
  await until(() => world.double.subscribes.length, 1);
  world.double.event('session.status', { n: 1 });
  await until(
    () => events,
    [
      ['event', { n: 1 }],
      ['topic', { n: 1 }],
    ],
  );
  ana.socketClient.joinChannel('chat:room1');
  ana.socketClient.onMessage('chat:room1', 'message', (data) => messages.push(data));
  ben.socketClient.joinChannel('chat:room1');
  ben.socketClient.publish('chat:room1', 'message', { text: 'Hello' });
  await until(() => ana.client.channel('chat:room1').status, 'joined');
  await until(() => messages.length, 1);
  ben.socketClient.directMessage(ana.client.socketId ?? '', 'notification', {});
  await until(() => direct, ['notification']);
  ben.socketClient.leaveChannel('chat:room1');
  await until(() => ids(ana.client.channel('chat:room1')), []);
  const doc = await ana.sync.create('session', { status: 'active' }, 'mine');
  expect(await ana.sync.get('session', doc.id)).toMatchObject({ revision: 1 });
  await expect(ana.sync.get('session', 'never')).rejects.toMatchObject({ status: 404 });
  ana.unsubscribe('sub_1');
  ana.disconnect();
  ben.disconnect();
  expect([states.at(-1), ana.connectionState]).toEqual(['disconnected', 'disconnected']);
});
