// Presence and messages of topics are checked before anything is shown or sent, and neither side can change them afterwards.

import { expect, it } from 'vitest';

import { testClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { initOk } from '../../support/goals.ts';

const nested = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels)) as unknown;
const circular: Record<string, unknown> = {};
circular['self'] = circular;

const unsendable: readonly (readonly [string, unknown])[] = [
  ['__proto__', JSON.parse('{"__proto__": {"a": 1}}')],
  ['a nested __proto__', { a: [JSON.parse('{"__proto__": 1}')] }],
  ['120 levels', nested(120)],
  ['a circular object', circular],
  ...[1n, () => 1, Symbol('x'), new Map(), new Blob([]), /x/, new Error('x'), new Uint8Array(1), Object(1), Number.NaN].map(
    (value) => [Object.prototype.toString.call(value), { value }] as const,
  ),
];

it.each(unsendable)('%s is rejected at once, and later presence of the client is sent as before', async (_, bad) => {
  const client = testClient();
  await settled();
  await client.receive(initOk());
  const { rooms } = client.reactor;
  const code = expect.objectContaining({ code: 'data-invalid' }) as unknown;
  expect(() => rooms.acquire('chat', 'r2', bad as never)).toThrow(code);
  rooms.acquire('chat', 'r1', { name: 'a' });
  await client.receive({ op: 'join-room-ok', 'room-id': 'r1' });
  expect(() => rooms.publishPresence('r1', bad as never)).toThrow(code);
  expect(() => rooms.publishTopic('r1', 'ping', bad)).toThrow(code);
  rooms.publishPresence('r1', { name: 'b' });
  rooms.publishTopic('r1', 'ping', { n: 1 });
  await settled();
  expect(client.sentMessages('set-presence').at(-1)?.data).toEqual({ name: 'b' });
  expect(client.sentMessages('client-broadcast').map(({ data }) => data)).toEqual([{ n: 1 }]);
  expect(rooms.presence('r1')?.user).toMatchObject({ name: 'b' });
  client.reactor.shutdown();
});

it.each([42, null, { a: 1 }])('%j is no id of a room', (roomId) => {
  const { reactor } = testClient();
  const error = expect.objectContaining({ code: 'data-invalid', message: expect.stringContaining('id of a room') as unknown }) as unknown;
  expect(() => reactor.rooms.acquire('chat', roomId as never)).toThrow(error);
  reactor.shutdown();
});

it.each([new Date(0), { toJSON: () => 'a' }, { toJSON: () => undefined }])('%o is no presence', (data) => {
  const { reactor } = testClient();
  expect(() => reactor.rooms.acquire('chat', 'r1', data as never)).toThrow('Presence must be an object');
  reactor.shutdown();
});

it('published presence is copied, and returned presence is frozen', async () => {
  const client = testClient();
  await settled();
  await client.receive(initOk());
  const { rooms } = client.reactor;
  const own = { cursor: { x: 1 } };
  rooms.acquire('chat', 'r1', own);
  own.cursor.x = 2;
  expect(rooms.presence('r1')?.user).toMatchObject({ cursor: { x: 1 } });
  const handedOut = rooms.presence('r1')?.user as unknown as typeof own;
  expect(() => (handedOut.cursor.x = 3)).toThrow(TypeError);
  client.reactor.shutdown();
});
