// Types of the room API, derived from the presence and topics a schema declares.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every schema fits */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` is the presence of a room that declares none */

import type { AnyEntity, Expand, InstantSchemaDef, ResolveEntityAttrs, RoomsDef, RoomsFromDef } from '../schema/schema.ts';

/** The rooms of a schema, as plain types. */
export type RoomsOf<S> = S extends InstantSchemaDef<any, any, infer Rooms> ? RoomsFromDef<Rooms> : never;

/** The presence type of a room. */
export type PresenceOf<S, RoomType extends keyof RoomsOf<S>> = RoomsOf<S>[RoomType] extends { presence: infer Presence } ? Presence : {};

/** The topic payloads of a room, by topic. */
export type TopicsOf<S, RoomType extends keyof RoomsOf<S>> = RoomsOf<S>[RoomType] extends { topics: infer Topics } ? Topics : {};

/** The payload of one topic of a room. */
export type TopicOf<S, RoomType extends keyof RoomsOf<S>, TopicType extends keyof TopicsOf<S, RoomType>> = TopicsOf<S, RoomType>[TopicType];

type PresenceAttrs<Def> = Def extends AnyEntity ? ResolveEntityAttrs<Def> : never;

/** A peer in a room. */
export type PresencePeer<Schema extends { rooms: RoomsDef }, RoomType extends Extract<keyof Schema['rooms'], string>> = Expand<
  PresenceAttrs<Schema['rooms'][RoomType]['presence']> & { peerId: string }
>;

/** Selects parts of a room's presence: the own user, certain peers, certain keys. */
export type PresenceOpts<PresenceShape, Keys extends keyof PresenceShape> = {
  user?: boolean;
  peers?: string[];
  keys?: Keys[];
  /** The presence to publish when joining. */
  initialPresence?: Partial<PresenceShape>;
  /** @deprecated Use `initialPresence`. */
  initialData?: Partial<PresenceShape>;
};

type PeerSlice<PresenceShape, Keys extends keyof PresenceShape> = Pick<PresenceShape, Keys> & { peerId: string };

export type PresenceSlice<PresenceShape, Keys extends keyof PresenceShape> = {
  user?: PeerSlice<PresenceShape, Keys>;
  peers: { [peerId: string]: PeerSlice<PresenceShape, Keys> };
};

export type PresenceResponse<PresenceShape, Keys extends keyof PresenceShape> = PresenceSlice<PresenceShape, Keys> & {
  isLoading: boolean;
  error?: string;
};

export type PublishTopic<TopicsByKey> = <Key extends keyof TopicsByKey>(topic: Key, data: TopicsByKey[Key]) => void;

export type SubscribeTopic<PresenceShape, TopicsByKey> = <Key extends keyof TopicsByKey>(
  topic: Key,
  onEvent: (event: TopicsByKey[Key], peer: PresenceShape) => void,
) => () => void;

export type GetPresence<PresenceShape> = <Keys extends keyof PresenceShape>(
  opts: PresenceOpts<PresenceShape, Keys>,
) => PresenceResponse<PresenceShape, Keys> | null;

export type SubscribePresence<PresenceShape> = <Keys extends keyof PresenceShape>(
  opts: PresenceOpts<PresenceShape, Keys>,
  onChange: (slice: PresenceResponse<PresenceShape, Keys>) => void,
) => () => void;

/** A joined room. */
export type RoomHandle<PresenceShape, TopicsByKey> = {
  leaveRoom: () => void;
  publishTopic: PublishTopic<TopicsByKey>;
  subscribeTopic: SubscribeTopic<PresenceShape, TopicsByKey>;
  publishPresence: (data: Partial<PresenceShape>) => void;
  getPresence: GetPresence<PresenceShape>;
  subscribePresence: SubscribePresence<PresenceShape>;
};
