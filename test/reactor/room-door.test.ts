// The door to the rooms: what is wanted before they are loaded is done once they are, in order, and none of it is lost.

import { afterEach, expect, test } from 'vitest';

import { Lazy } from '../../src/reactor/lazy.ts';
import { LazyRoomApi } from '../../src/reactor/room-door.ts';
import { testClient, type TestClient } from '../support/client.ts';
import { settled } from '../support/fake-clock.ts';
import { initOk } from '../support/goals.ts';

type Rooms = typeof import('../../src/reactor/rooms/room-api.ts');

let client: TestClient;
afterEach(() => client.reactor.close());

/** A door whose rooms come, or do not, when the test says so. */
async function lazyRoomsOn(): Promise<{
  lazyRooms: LazyRoomApi;
  come: () => Promise<void>;
  fail: () => Promise<void>;
  loads: () => number;
}> {
  client = testClient();
  await settled();
  await client.receive(initOk());
  const rooms = await import('../../src/reactor/rooms/room-api.ts');
  const requested: { resolve: (rooms: Rooms) => void; reject: (error: Error) => void }[] = [];
  const part = new Lazy(() => new Promise<Rooms>((resolve, reject) => requested.push({ resolve, reject })));
  const end = (act: (last: (typeof requested)[number] | undefined) => void) => async (): Promise<void> => {
    act(requested.at(-1));
    await settled();
  };
  return {
    lazyRooms: new LazyRoomApi(client.reactor, part),
    come: end((last) => last?.resolve(rooms)),
    fail: end((last) => last?.reject(new TypeError('Failed to fetch dynamically imported module'))),
    loads: () => requested.length,
  };
}

const ops = (): string[] => client.transport.channel.sent.map(({ op }) => op).filter((op) => op !== 'init');

test('what was wanted before is done in order, and from then on at once', async () => {
  const { lazyRooms, come } = await lazyRoomsOn();
  const slices: unknown[] = [];
  const letGo = lazyRooms.begin((api) => api.acquire('chat', 'r1', { name: 'ann' }));
  lazyRooms.begin((api) => api.publishPresence('r1', { mood: 'fine' }));
  lazyRooms.begin((api) => api.publishTopic('r1', 'wave', 1));
  lazyRooms.begin((api) => api.subscribePresence('r1', {}, (slice) => slices.push(slice.user)));
  expect([lazyRooms.presence('r1', {}), ops()]).toEqual([undefined, []]);
  await come();
  expect([ops(), slices]).toMatchObject([['join-room'], [{ name: 'ann', mood: 'fine' }]]);
  await client.receive({ op: 'join-room-ok', 'room-id': 'r1' });
  expect(client.sentMessages('set-presence')).toMatchObject([{ data: { name: 'ann', mood: 'fine' } }]);
  expect(client.sentMessages('client-broadcast')).toMatchObject([{ topic: 'wave', data: 1 }]);
  letGo();
  letGo();
  expect(client.sentMessages('leave-room')).toHaveLength(1);
});

test('what was ended before it began never begins', async () => {
  const { lazyRooms, come } = await lazyRoomsOn();
  const stay = lazyRooms.begin((api) => api.acquire('chat', 'r2'));
  lazyRooms.begin((api) => api.acquire('chat', 'r1'))();
  const stop = lazyRooms.begin((api) => api.subscribePresence('r2', {}, () => expect.unreachable()));
  stop();
  await come();
  expect(client.sentMessages('join-room')).toMatchObject([{ 'room-id': 'r2' }]);
  stay();
});

test('closed while they are loaded: nothing is said, and nobody is told', async () => {
  const { lazyRooms, come } = await lazyRoomsOn();
  const letGo = lazyRooms.begin((api) => api.acquire('chat', 'r1'));
  lazyRooms.begin((api) => api.subscribePresence('r1', {}, () => expect.unreachable()));
  await client.reactor.close();
  await come();
  letGo();
  expect([ops(), client.errors]).toEqual([[], []]);
  expect(() => lazyRooms.begin((api) => api.acquire('chat', 'r1'))).toThrow(expect.objectContaining({ code: 'closed' }));
});

test('they could not be loaded: that is told, nothing is lost, and the next wish tries again', async () => {
  const { lazyRooms, come, fail, loads } = await lazyRoomsOn();
  lazyRooms.begin((api) => api.acquire('chat', 'r1'));
  await fail();
  expect([client.errors, loads()]).toMatchObject([[{ code: 'unreachable' }], 1]);
  lazyRooms.begin((api) => api.publishTopic('r1', 'wave', 1));
  await come();
  await client.receive({ op: 'join-room-ok', 'room-id': 'r1' });
  expect([ops(), loads()]).toEqual([['join-room', 'client-broadcast'], 2]);
});

test('as does the next session', async () => {
  const { lazyRooms, come, fail, loads } = await lazyRoomsOn();
  lazyRooms.begin((api) => api.acquire('chat', 'r1'));
  await fail();
  client.transport.channel.on.closed({ code: 1006, reason: '' });
  await client.clock.advance(60_000);
  await client.receive(initOk());
  expect(loads()).toBe(2);
  await come();
  expect(ops()).toEqual(['join-room']);
});

test('however much waits, that they could not be loaded is told once, and tried again once', async () => {
  const { lazyRooms, come, fail, loads } = await lazyRoomsOn();
  const listeners = client.reactor.events.listenerCount('status');
  lazyRooms.begin((api) => api.acquire('chat', 'r1'));
  lazyRooms.begin((api) => api.publishTopic('r1', 'wave', 1));
  await fail();
  lazyRooms.begin((api) => api.publishTopic('r1', 'wave', 2));
  await fail();
  expect([client.errors.length, loads(), client.reactor.events.listenerCount('status')]).toEqual([2, 2, listeners]);
  client.transport.channel.on.closed({ code: 1006, reason: '' });
  await client.clock.advance(60_000);
  await client.receive(initOk());
  expect(loads()).toBe(3);
  await come();
  await client.receive({ op: 'join-room-ok', 'room-id': 'r1' });
  expect(client.sentMessages('client-broadcast').map(({ data }) => data)).toEqual([1, 2]);
});

test('what waits has a limit', async () => {
  const { lazyRooms } = await lazyRoomsOn();
  for (let at = 0; at < 1_000; at += 1) lazyRooms.begin((api) => api.publishTopic('r1', 'wave', at));
  expect(() => lazyRooms.begin((api) => api.publishTopic('r1', 'wave', 1_000))).toThrow(expect.objectContaining({ code: 'limit' }));
});
