// Rooms over a schema. Every row also holds for the official declarations (official.test.ts).

import { expectTypeOf, test } from 'vitest';

import type { InstantUnknownSchema } from '../../src/schema/schema.ts';
import type { PresenceOf, PresencePeer, RoomsOf, TopicOf, TopicsOf } from '../../src/types/rooms.ts';
import type { Graph, Plain, Schema } from './festival.ts';

test('presence', () => {
  expectTypeOf<PresenceOf<Schema, 'backstage'>>().toEqualTypeOf<{ nick: string; mood?: string }>();
  expectTypeOf<PresenceOf<Schema, 'lobby'>>().toEqualTypeOf<{}>();
  expectTypeOf<PresencePeer<Schema, 'backstage'>>().toEqualTypeOf<{ nick: string; mood?: string; peerId: string }>();
});

test('topics', () => {
  expectTypeOf<TopicsOf<Schema, 'backstage'>['clap']>().toEqualTypeOf<{ hands: number }>();
  expectTypeOf<TopicOf<Schema, 'backstage', 'shout'>>().toEqualTypeOf<{ words?: string; at: string | number }>();
  expectTypeOf<keyof TopicsOf<Schema, 'backstage'>>().toEqualTypeOf<'clap' | 'shout'>();
});

test('the rooms of a schema', () => {
  expectTypeOf<keyof RoomsOf<Schema>>().toEqualTypeOf<'backstage' | 'lobby'>();
  expectTypeOf<keyof RoomsOf<Plain>>().toEqualTypeOf<never>();
  expectTypeOf<PresenceOf<Graph, 'any room'>>().toBeAny();
  expectTypeOf<PresenceOf<InstantUnknownSchema, 'any room'>>().toBeAny();
  expectTypeOf<TopicsOf<InstantUnknownSchema, 'any room'>['any topic']>().toBeAny();
});

// @ts-expect-error a room that is not in the schema
export type NoRoom = PresenceOf<Schema, 'kitchen'>;

// @ts-expect-error a topic that is not in the schema
export type NoTopic = TopicOf<Schema, 'backstage', 'boo'>;
