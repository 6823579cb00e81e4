// `db.room(type, id)` and the hooks in `db.rooms`, typed by the schema. Naming a room does not join it; the hooks do. They are implemented
// in room-hooks.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- a room may belong to a database of any schema */

import type { KeyboardEvent } from 'react';
import type { InstantCoreDatabase, PresenceOpts, PresenceResponse, RoomSchemaShape } from 'triplane';
import { type RoomRef, usePresence, usePublishTopic, useSyncPresence, useTopicEffect } from './room-hooks.ts';
import type { AnySchemaDef } from './types.ts';
import { useTypingIndicator } from './use-typing-indicator.ts';

type PresenceIn<RoomSchema extends RoomSchemaShape, RoomType extends keyof RoomSchema> = RoomSchema[RoomType]['presence'];
type TopicsIn<RoomSchema extends RoomSchemaShape, RoomType extends keyof RoomSchema> = RoomSchema[RoomType]['topics'];

/** A room of another backend: of `triplane/insforge` or `triplane/realtime-platform`. */
export interface BackendRoom<RoomSchema extends RoomSchemaShape = AnyRooms> {
  readonly core: object;
  readonly type: string;
  readonly id: string;
  readonly capabilities: object;
  /** For the compiler only. */
  readonly _rooms?: RoomSchema;
}

/** Rooms whose presence and topics hold anything. */
export type AnyRooms = { [type: string]: { presence: { [key: string]: any }; topics: { [topic: string]: any } } };

export interface RoomHooks {
  /**
   * Calls a function for every message on a topic of a room. Always calls the function of the latest render.
   *
   * @example
   * db.rooms.useTopicEffect(room, 'emoji', ({ name }, peer) => fly(name, peer));
   */
  useTopicEffect: <
    RoomSchema extends RoomSchemaShape,
    RoomType extends string & keyof RoomSchema,
    TopicType extends keyof TopicsIn<RoomSchema, RoomType>,
  >(
    room: InstantReactRoom<any, RoomSchema, RoomType> | BackendRoom<RoomSchema>,
    topic: TopicType,
    onEvent: (event: TopicsIn<RoomSchema, RoomType>[TopicType], peer: PresenceIn<RoomSchema, RoomType>) => any,
  ) => void;
  /**
   * Returns a function that publishes on a topic of a room.
   *
   * @example
   * const publish = db.rooms.usePublishTopic(room, 'emoji');
   * return <button onClick={() => publish({ name: 'wave' })}>👋</button>;
   */
  usePublishTopic: <
    RoomSchema extends RoomSchemaShape,
    RoomType extends string & keyof RoomSchema,
    TopicType extends keyof TopicsIn<RoomSchema, RoomType>,
  >(
    room: InstantReactRoom<any, RoomSchema, RoomType> | BackendRoom<RoomSchema>,
    topic: TopicType,
  ) => (data: TopicsIn<RoomSchema, RoomType>[TopicType]) => void;
  /**
   * Returns the presence of a room. Re-renders only when the selected parts change.
   *
   * @example
   * const { peers, publishPresence } = db.rooms.usePresence(room, { keys: ['name'] });
   */
  usePresence: <
    RoomSchema extends RoomSchemaShape,
    RoomType extends string & keyof RoomSchema,
    Keys extends keyof PresenceIn<RoomSchema, RoomType>,
  >(
    room: InstantReactRoom<any, RoomSchema, RoomType> | BackendRoom<RoomSchema>,
    opts?: PresenceOpts<PresenceIn<RoomSchema, RoomType>, Keys>,
  ) => PresenceHandle<PresenceIn<RoomSchema, RoomType>, Keys>;
  /**
   * Publishes data as presence whenever it changes.
   *
   * @example
   * db.rooms.useSyncPresence(room, { name });
   */
  useSyncPresence: <RoomSchema extends RoomSchemaShape, RoomType extends string & keyof RoomSchema>(
    room: InstantReactRoom<any, RoomSchema, RoomType> | BackendRoom<RoomSchema>,
    data: Partial<PresenceIn<RoomSchema, RoomType>>,
    deps?: any[],
  ) => void;
  /**
   * Returns the peers that are typing, and the props of an input that publishes the own state.
   *
   * @example
   * const { active, inputProps } = db.rooms.useTypingIndicator(room, 'message');
   * return <input {...inputProps} placeholder={`${active.length} typing`} />;
   */
  useTypingIndicator: <RoomSchema extends RoomSchemaShape, RoomType extends string & keyof RoomSchema>(
    room: InstantReactRoom<any, RoomSchema, RoomType> | BackendRoom<RoomSchema>,
    inputName: string,
    opts?: TypingIndicatorOpts,
  ) => TypingIndicatorHandle<PresenceIn<RoomSchema, RoomType>>;
}

type Hook = (room: RoomRef, ...rest: never[]) => unknown;

const hooks = { useTopicEffect, usePublishTopic, usePresence, useSyncPresence, useTypingIndicator };

export const rooms = hooks as unknown as RoomHooks;

export class InstantReactRoom<Schema extends AnySchemaDef, RoomSchema extends RoomSchemaShape, RoomType extends string & keyof RoomSchema> {
  core: InstantCoreDatabase<Schema, boolean>;
  /** @deprecated Use `core`. */
  _core: InstantCoreDatabase<Schema, boolean>;
  type: RoomType;
  id: string;

  constructor(core: InstantCoreDatabase<Schema, boolean>, type: RoomType, id: string) {
    this.core = core;
    this._core = core;
    this.type = type;
    this.id = id;
    for (const [name, hook] of Object.entries<Hook>(hooks)) Object.assign(this, { [name]: hook.bind(null, this) });
  }

  /** @deprecated Use `db.rooms.useTopicEffect(room, …)`. */
  declare useTopicEffect: <TopicType extends keyof TopicsIn<RoomSchema, RoomType>>(
    topic: TopicType,
    onEvent: (event: TopicsIn<RoomSchema, RoomType>[TopicType], peer: PresenceIn<RoomSchema, RoomType>) => any,
  ) => void;

  /** @deprecated Use `db.rooms.usePublishTopic(room, …)`. */
  declare usePublishTopic: <Topic extends keyof TopicsIn<RoomSchema, RoomType>>(
    topic: Topic,
  ) => (data: TopicsIn<RoomSchema, RoomType>[Topic]) => void;

  /** @deprecated Use `db.rooms.usePresence(room, …)`. */
  declare usePresence: <Keys extends keyof PresenceIn<RoomSchema, RoomType>>(
    opts?: PresenceOpts<PresenceIn<RoomSchema, RoomType>, Keys>,
  ) => PresenceHandle<PresenceIn<RoomSchema, RoomType>, Keys>;

  /** @deprecated Use `db.rooms.useSyncPresence(room, …)`. */
  declare useSyncPresence: (data: Partial<PresenceIn<RoomSchema, RoomType>>, deps?: any[]) => void;

  /** @deprecated Use `db.rooms.useTypingIndicator(room, …)`. */
  declare useTypingIndicator: (inputName: string, opts?: TypingIndicatorOpts) => TypingIndicatorHandle<PresenceIn<RoomSchema, RoomType>>;
}

export type PresenceHandle<PresenceShape, Keys extends keyof PresenceShape> = PresenceResponse<PresenceShape, Keys> & {
  publishPresence: (data: Partial<PresenceShape>) => void;
};

export type TypingIndicatorOpts = {
  /** Milliseconds after the last key until typing ends; null or 0: never. */
  timeout?: number | null;
  /** Whether Enter ends typing. */
  stopOnEnter?: boolean;
  /** Do not observe the peers. */
  writeOnly?: boolean;
};

export type TypingIndicatorHandle<PresenceShape> = {
  active: PresenceShape[];
  setActive(active: boolean): void;
  inputProps: { onKeyDown: (e: KeyboardEvent) => void; onBlur: () => void };
};
