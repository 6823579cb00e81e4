// What a server refuses for the moment is sent again after a while: presence, messages, joining and leaving, each in its order.

import { expect, it } from 'vitest';

import type { ClientMessage } from '../../../src/protocol/client-message.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import { testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { initOk } from '../../support/goals.ts';

async function readyClient(): Promise<TestClient> {
  const client = testClient({ random: { ...systemRandom, next: () => 0.5 } });
  await settled();
  await client.receive(initOk());
  return client;
}

/** As this project's server does when a session sends too much. */
async function refuse(client: TestClient, message: ClientMessage | undefined): Promise<void> {
  const eventId = message?.['client-event-id'];
  await client.receive({
    op: 'error',
    status: 400,
    type: 'rate-limited',
    message: 'Too many messages',
    hint: { 'retry-after': 1 },
    'client-event-id': eventId,
    'original-event': { ...message },
  });
  if (message?.op === 'join-room')
    await client.receive({ op: 'join-room-error', 'room-id': message['room-id'], 'client-event-id': eventId, error: 'Too many messages' });
}

it('the client retries a rate-limited join until it is accepted, and reports no error', async () => {
  const client = await readyClient();
  const { rooms } = client.reactor;
  rooms.acquire('chat', 'r1', { name: 'a' });
  rooms.publishTopic('r1', 'ping', 1);
  for (const count of [1, 2, 3]) {
    expect(client.sentMessages('join-room')).toHaveLength(count);
    await refuse(client, client.sentMessages('join-room').at(-1));
    expect(rooms.presence('r1')).toMatchObject({ isLoading: true, error: undefined });
    await client.clock.advance(999);
    expect(client.sentMessages('join-room')).toHaveLength(count);
    await client.clock.advance(1_500);
  }
  await client.receive({ op: 'join-room-ok', 'room-id': 'r1' });
  expect(client.sentMessages('client-broadcast')).toMatchObject([{ data: 1 }]);
  expect(client.errors).toEqual([]);
  client.reactor.shutdown();
});

it('the client resends rate-limited presence and messages: the newest presence and every message, in order', async () => {
  const client = await readyClient();
  const { rooms } = client.reactor;
  rooms.acquire('chat', 'r1', { at: 0 });
  await client.receive({ op: 'join-room-ok', 'room-id': 'r1' });
  rooms.publishPresence('r1', { at: 1 });
  for (const n of [1, 2, 3]) rooms.publishTopic('r1', 'ping', n);
  const [, two, three] = client.sentMessages('client-broadcast');
  await refuse(client, client.sentMessages('set-presence').at(-1));
  for (const message of [two, three]) await refuse(client, message);
  rooms.publishPresence('r1', { at: 2 });
  rooms.publishTopic('r1', 'ping', 4);
  expect(client.sentMessages('client-broadcast')).toHaveLength(3);
  await client.clock.advance(1_500);
  expect(client.sentMessages('client-broadcast').map(({ data }) => data)).toEqual([1, 2, 3, 2, 3, 4]);
  expect(client.sentMessages('set-presence').map(({ data }) => data)).toEqual([{ at: 0 }, { at: 1 }, { at: 2 }]);
  expect(client.errors).toEqual([]);
  client.reactor.shutdown();
});

it('the client retries a rate-limited leave, unless it has rejoined the room meanwhile', async () => {
  const client = await readyClient();
  const { rooms } = client.reactor;
  for (const id of ['r1', 'r2']) {
    const release = rooms.acquire('chat', id);
    await client.receive({ op: 'join-room-ok', 'room-id': id });
    release();
  }
  const [first, second] = client.sentMessages('leave-room');
  await refuse(client, first);
  await refuse(client, second);
  rooms.acquire('chat', 'r2');
  await client.clock.advance(1_500);
  expect(client.sentMessages('leave-room').map((message) => message['room-id'])).toEqual(['r1', 'r2', 'r1']);
  await client.receive({ op: 'leave-room-ok', 'room-id': 'r1' });
  client.reactor.shutdown();
});

it('a final rejection of a join is reported once, also without a presence listener', async () => {
  const client = await readyClient();
  client.reactor.rooms.acquire('chat', 'r1');
  const [join] = client.sentMessages('join-room');
  await client.receive({ op: 'error', status: 400, type: 'permission-denied', message: 'no', 'original-event': { ...join } });
  await client.receive({ op: 'join-room-error', 'room-id': 'r1', error: 'no' });
  expect(client.errors.map(({ message }) => message)).toEqual(["The room 'r1' could not be joined: no"]);
  await client.clock.advance(5_000);
  expect(client.sentMessages('join-room')).toHaveLength(1);
  client.reactor.shutdown();
});
