// Whatever a server sends under any name, over both transports: no listener gets it, the connection stands, and what breaks the protocol is
// reported as a typed error.

import { describe, expect, test } from 'vitest';

import { PlatformRealtimeError } from '../../src/realtime-platform/index.ts';
import { badBodies, failOnUncaught } from '../support/bad-frames.ts';
import { platformWorld, until } from './world.ts';

const world = platformWorld();
failOnUncaught();

describe.each(['event', 'subscribed', 'channel:message', 'presence:join', 'presence:leave', 'error'])("as '%s'", (event) => {
  test('over Socket.IO', async () => {
    const client = world.client({ presence: 'events' });
    const room = client.channel('chat:1');
    const [errors, got, changes]: [unknown[], unknown[], unknown[]] = [[], [], []];
    client.onError((error) => errors.push(error));
    client.onDirect((...args) => got.push(args));
    await room.join();
    await client.subscribe({ topic: 'a.b' }, (message) => got.push(message)).ready;
    room.onPresence((change) => changes.push(change));
    room.onTopic('said', (data) => got.push(data));
    for (const body of Object.values(badBodies)) world.double.io.emit(event, body);
    world.double.io.emit(event);
    world.double.event('a.b', { last: true });
    await until(() => got.length, 1);
    expect(got).toMatchObject([{ payload: { last: true } }]);
    expect(changes).toEqual([]);
    const codes = event === 'error' ? /^SERVER_ERROR$/ : /^MALFORMED_FRAME$/;
    // A confirmation that nobody waits for is of no consequence.
    if (event !== 'subscribed') expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(PlatformRealtimeError);
      expect(error).toMatchObject({ code: expect.stringMatching(codes) });
    }
    expect([client.status, room.status]).toEqual(['connected', 'joined']);
  });
});

test('as frames of the plain WebSocket', async () => {
  const client = world.client({ transport: 'ws' });
  const [errors, got]: [unknown[], unknown[]] = [[], []];
  client.onError((error) => errors.push(error));
  await client.subscribe({ topic: 'a.b' }, ({ payload }) => got.push(payload)).ready;
  for (const frame of [
    '',
    'no json',
    '{"type":',
    '[]',
    '7',
    'null',
    '"event"',
    '{}',
    '{"type":7}',
    '{"type":"unknown"}',
    '{"type":"pong"}',
  ]) {
    world.double.sendPlain(frame);
  }
  world.double.sendPlain(Buffer.from([0xff, 0xfe]));
  for (const type of ['event', 'subscribed', 'error', '']) {
    for (const body of Object.values(badBodies)) {
      world.double.sendPlain(JSON.stringify({ type, data: body }));
      world.double.sendPlain(JSON.stringify({ ...(body as object | undefined), type }));
    }
  }
  world.double.event('a.b', { last: true });
  await until(() => got, [{ last: true }]);
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) {
    expect(error).toBeInstanceOf(PlatformRealtimeError);
    expect(error).toMatchObject({ code: expect.stringMatching(/^(MALFORMED_FRAME|SERVER_ERROR)$/) });
  }
  expect(client.status).toBe('connected');
});

test.each(Object.entries(badBodies))('as the responses to a join and to a subscription: %s', async (_name, body) => {
  world.double.io.on('connection', (socket) => {
    socket.removeAllListeners('subscribe').removeAllListeners('channel:join');
    const answerAll = (_request: unknown, answer?: (value: unknown) => void): void => answer?.(body);
    socket.on('subscribe', answerAll).on('channel:join', answerAll);
  });
  const client = world.client({ presence: 'off' });
  // What is assumed of an answer leaves room: it may be a refusal, or say nothing. It is never an error that has no type, and nothing hangs.
  const ends = await Promise.allSettled([client.channel('chat:1').join(), client.subscribe({ topic: 'a.b' }, () => {}).ready]);
  for (const end of ends) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(PlatformRealtimeError);
});

test('a room that the server no longer admits after a reconnect is dropped with an error; the other rooms return', async () => {
  const client = world.client({ presence: 'events' });
  const [one, two] = [client.channel('chat:1'), client.channel('chat:2')];
  await Promise.all([one.join(), two.join()]);
  const errors: unknown[] = [];
  one.onError((error) => errors.push(error));
  world.double.canJoin = (channel) => channel === 'chat:2';
  world.double.dropAll();
  await until(() => [one.status, two.status], ['rejected', 'joined']);
  expect(errors).toMatchObject([{ code: 'ForbiddenError', channel: 'chat:1' }]);
  expect(one.getPresence()).toEqual({ self: null, peers: [] });
});
