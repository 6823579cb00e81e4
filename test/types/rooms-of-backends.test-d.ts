// Rooms of other backends over a schema: the same types as those of `db.room`, for programs and for the hooks.

import { expectTypeOf, test } from 'vitest';

import { createInsforgeClient } from '../../src/insforge/index.ts';
import { Cursors } from '../../src/react/index.ts';
import { rooms } from '../../src/react/room.ts';
import { createRealtimePlatformClient } from '../../src/realtime-platform/index.ts';
import { schema } from './festival.ts';

const insforge = () => createInsforgeClient({ baseUrl: '', anonKey: '', schema }).room('backstage', '1', { sharePresence: true });
const platform = () => createRealtimePlatformClient({ url: '', schema }).room('backstage', '1');
type Nick = { nick: string; mood?: string };

test.each([insforge, platform])('%o', (open) => {
  const room = open();
  room.onTopic('clap', (data, message) => {
    expectTypeOf(data).toEqualTypeOf<{ hands: number }>();
    expectTypeOf(message.data).toEqualTypeOf<{ hands: number }>();
  });
  expectTypeOf(room.publish<'shout'>)
    .parameter(1)
    .toEqualTypeOf<{ words?: string; at: string | number }>();
  expectTypeOf(room.getPresence().peers[0]?.data).toEqualTypeOf<Partial<Nick> | undefined>();
  room.onPresence((event) => event.type !== 'sync' && expectTypeOf(event.peer.data).toEqualTypeOf<Partial<Nick> | undefined>());
  expectTypeOf(room.setPresence).parameter(0).toEqualTypeOf<Partial<Nick>>();
  expectTypeOf(room.type).toEqualTypeOf<'backstage'>();
  // @ts-expect-error -- no such topic
  void room.publish('boo', {});
  // @ts-expect-error -- no such field
  void room.publish('clap', { feet: 2 });
  // @ts-expect-error -- no such presence
  void room.setPresence({ name: 'x' });
});

test('the hooks', () => {
  const room = insforge();
  rooms.useTopicEffect(room, 'clap', (data) => expectTypeOf(data).toEqualTypeOf<{ hands: number }>());
  expectTypeOf(rooms.usePublishTopic(room, 'clap')).parameter(0).toEqualTypeOf<{ hands: number }>();
  expectTypeOf(rooms.usePresence(room, { keys: ['nick'] }).peers).toEqualTypeOf<{
    [peerId: string]: { nick: string } & { peerId: string };
  }>();
  rooms.useSyncPresence(room, { nick: 'x' });
  Cursors({ room, renderCursor: ({ presence }) => presence.nick });
  // @ts-expect-error -- no such topic
  rooms.usePublishTopic(room, 'boo');
});

test('joinRoom', () => {
  const handle = createInsforgeClient({ baseUrl: '', anonKey: '', schema }).joinRoom('backstage', '1', { initialPresence: { nick: 'x' } });
  handle.subscribeTopic('clap', (data) => expectTypeOf(data).toEqualTypeOf<{ hands: number }>());
  // @ts-expect-error -- no such kind of room
  createInsforgeClient({ baseUrl: '', anonKey: '', schema }).room('kitchen');
});

test('without a schema: any kind, any data', () => {
  const room = createInsforgeClient({ baseUrl: '', anonKey: '' }).room('anything');
  void room.publish('any topic', { any: 'data' });
  room.onTopic<{ n: number }>('any topic', ({ n }) => expectTypeOf(n).toBeNumber());
  rooms.useTopicEffect(room, 'any topic', (data) => expectTypeOf(data).toBeAny());
});
