// Whatever a server or a peer sends under any name: no listener gets it as a message, presence stays as it is, the connection stands, and what
// breaks the protocol is reported as a typed error.

import { describe, expect, test } from 'vitest';

import { InsforgeRealtimeError } from '../../src/insforge/index.ts';
import { badBodies, failOnUncaught } from '../support/bad-frames.ts';
import { insforgeWorld } from './world.ts';

const world = insforgeWorld();
failOnUncaught();

const events = [
  'said',
  'presence:join',
  'presence:leave',
  'realtime:error',
  'notification',
  'realtime:subscribe',
  'constructor',
  '__proto__',
  '',
];

test.each(events)("as '%s'", async (event) => {
  const client = world.user('ana');
  const room = client.room('chat', '1');
  const [errors, got, changes]: [unknown[], unknown[], unknown[]] = [[], [], []];
  client.onError((error) => errors.push(error));
  await room.join();
  room.onPresence((change) => changes.push(change));
  room.onTopic(event === '' ? 'said' : event, (data) => got.push(data));
  for (const body of Object.values(badBodies)) world.double.emitRaw(event, body);
  world.double.emitRaw(event);
  world.double.emitRaw(event, { meta: { channel: 'realtime:chat:1', senderType: 'user' } }, 1, 2);
  const other = world.client().room('chat', '1');
  await other.join();
  await other.publish('last', 1);
  await new Promise<void>((resolve) => room.onTopic('last', () => resolve()));
  // The one message that is well formed, where its name may be a topic's.
  const isTopic = ['said', 'constructor', '__proto__', 'realtime:subscribe'].includes(event);
  expect(got).toEqual(isTopic ? [{}] : []);
  expect(changes).toMatchObject([{ type: 'join' }]);
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) {
    expect(error).toBeInstanceOf(InsforgeRealtimeError);
    expect(error).toMatchObject({ code: expect.stringMatching(/^(MALFORMED_FRAME|NOTIFICATION)$/) });
  }
  expect([client.status, room.status]).toEqual(['connected', 'joined']);
});

describe('as the response to a subscription', () => {
  test.each(Object.entries(badBodies))('%s', async (_name, body) => {
    world.double.acknowledges = false;
    world.double.io.on('connection', (socket) =>
      socket.on('realtime:subscribe', (_request: unknown, answer: (value: unknown) => void) => answer(body)),
    );
    const room = world.client().room('chat', '1');
    const error: unknown = await room.join().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(InsforgeRealtimeError);
    expect(error).toMatchObject({ code: 'MALFORMED_FRAME', channel: 'chat:1' });
    expect(room.status).toBe('rejected');
  });

  test('malformed members are omitted and reported', async () => {
    world.double.acknowledges = false;
    const members = [...Object.values(badBodies), { presenceId: 'ben', type: 'user', joinedAt: 'yesterday' }];
    world.double.io.on('connection', (socket) =>
      socket.on('realtime:subscribe', (_request: unknown, answer: (value: unknown) => void) => answer({ ok: true, presence: { members } })),
    );
    const room = world.client().room('chat', '1');
    const errors: unknown[] = [];
    room.onError((error) => errors.push(error));
    expect(await room.join()).toEqual({ self: null, peers: [{ id: 'ben', kind: 'user', self: false }] });
    expect(errors).toMatchObject([{ code: 'MALFORMED_FRAME', channel: 'chat:1' }]);
  });
});
