// The door to the rooms: what is wanted before they are loaded is done once they are, in order, and none of it is lost.

import { afterEach, expect, test } from 'vitest';

import { Part } from '../../src/reactor/part.ts';
import { RoomDoor } from '../../src/reactor/room-door.ts';
import { testClient, type TestClient } from '../support/client.ts';
import { settled } from '../support/fake-clock.ts';
import { initOk } from '../support/goals.ts';

type Rooms = typeof import('../../src/reactor/room-desk.ts');

let client: TestClient;
afterEach(() => client.reactor.close());

/** A door whose rooms come, or do not, when the test says so. */
async function doorOn(): Promise<{ door: RoomDoor; come: () => Promise<void>; fail: () => Promise<void>; loads: () => number }> {
  client = testClient();
  await settled();
  await client.hear(initOk());
  const rooms = await import('../../src/reactor/room-desk.ts');
  const asked: { resolve: (rooms: Rooms) => void; reject: (error: Error) => void }[] = [];
  const part = new Part(() => new Promise<Rooms>((resolve, reject) => asked.push({ resolve, reject })));
  const end = (act: (last: (typeof asked)[number] | undefined) => void) => async (): Promise<void> => {
    act(asked.at(-1));
    await settled();
  };
  return {
    door: new RoomDoor(client.reactor, part),
    come: end((last) => last?.resolve(rooms)),
    fail: end((last) => last?.reject(new TypeError('Failed to fetch dynamically imported module'))),
    loads: () => asked.length,
  };
}

const ops = (): string[] => client.transport.line.sent.map(({ op }) => op).filter((op) => op !== 'init');

test('what was wanted before is done in order, and from then on at once', async () => {
  const { door, come } = await doorOn();
  const slices: unknown[] = [];
  const letGo = door.begin((desk) => desk.hold('chat', 'r1', { name: 'ann' }));
  door.begin((desk) => desk.publishPresence('r1', { mood: 'fine' }));
  door.begin((desk) => desk.publishTopic('r1', 'wave', 1));
  door.begin((desk) => desk.subscribePresence('r1', {}, (slice) => slices.push(slice.user)));
  expect([door.presence('r1', {}), ops()]).toEqual([undefined, []]);
  await come();
  expect([ops(), slices]).toMatchObject([['join-room'], [{ name: 'ann', mood: 'fine' }]]);
  await client.hear({ op: 'join-room-ok', 'room-id': 'r1' });
  expect(client.said('set-presence')).toMatchObject([{ data: { name: 'ann', mood: 'fine' } }]);
  expect(client.said('client-broadcast')).toMatchObject([{ topic: 'wave', data: 1 }]);
  letGo();
  letGo();
  expect(client.said('leave-room')).toHaveLength(1);
});

test('what was ended before it began never begins', async () => {
  const { door, come } = await doorOn();
  const stay = door.begin((desk) => desk.hold('chat', 'r2'));
  door.begin((desk) => desk.hold('chat', 'r1'))();
  const stop = door.begin((desk) => desk.subscribePresence('r2', {}, () => expect.unreachable()));
  stop();
  await come();
  expect(client.said('join-room')).toMatchObject([{ 'room-id': 'r2' }]);
  stay();
});

test('closed while they are loaded: nothing is said, and nobody is told', async () => {
  const { door, come } = await doorOn();
  const letGo = door.begin((desk) => desk.hold('chat', 'r1'));
  door.begin((desk) => desk.subscribePresence('r1', {}, () => expect.unreachable()));
  await client.reactor.close();
  await come();
  letGo();
  expect([ops(), client.errors]).toEqual([[], []]);
  expect(() => door.begin((desk) => desk.hold('chat', 'r1'))).toThrow(expect.objectContaining({ code: 'closed' }));
});

test('they could not be loaded: that is told, nothing is lost, and the next wish tries again', async () => {
  const { door, come, fail, loads } = await doorOn();
  door.begin((desk) => desk.hold('chat', 'r1'));
  await fail();
  expect([client.errors, loads()]).toMatchObject([[{ code: 'unreachable' }], 1]);
  door.begin((desk) => desk.publishTopic('r1', 'wave', 1));
  await come();
  await client.hear({ op: 'join-room-ok', 'room-id': 'r1' });
  expect([ops(), loads()]).toEqual([['join-room', 'client-broadcast'], 2]);
});

test('as does the next session', async () => {
  const { door, come, fail, loads } = await doorOn();
  door.begin((desk) => desk.hold('chat', 'r1'));
  await fail();
  client.transport.line.on.closed({ code: 1006, reason: '' });
  await client.clock.advance(60_000);
  await client.hear(initOk());
  expect(loads()).toBe(2);
  await come();
  expect(ops()).toEqual(['join-room']);
});

test('however much waits, that they could not be loaded is told once, and tried again once', async () => {
  const { door, come, fail, loads } = await doorOn();
  const listeners = client.reactor.events.listenerCount('status');
  door.begin((desk) => desk.hold('chat', 'r1'));
  door.begin((desk) => desk.publishTopic('r1', 'wave', 1));
  await fail();
  door.begin((desk) => desk.publishTopic('r1', 'wave', 2));
  await fail();
  expect([client.errors.length, loads(), client.reactor.events.listenerCount('status')]).toEqual([2, 2, listeners]);
  client.transport.line.on.closed({ code: 1006, reason: '' });
  await client.clock.advance(60_000);
  await client.hear(initOk());
  expect(loads()).toBe(3);
  await come();
  await client.hear({ op: 'join-room-ok', 'room-id': 'r1' });
  expect(client.said('client-broadcast').map(({ data }) => data)).toEqual([1, 2]);
});

test('what waits has a limit', async () => {
  const { door } = await doorOn();
  for (let at = 0; at < 1_000; at += 1) door.begin((desk) => desk.publishTopic('r1', 'wave', at));
  expect(() => door.begin((desk) => desk.publishTopic('r1', 'wave', 1_000))).toThrow(expect.objectContaining({ code: 'limit' }));
});
