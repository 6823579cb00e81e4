// A room as components have it: `db.room(type, id)`, and the hooks on it, `db.rooms`. It is entered by the hooks, not by being named. Here
// they get the types of the schema; what they do is in their own files.

/* eslint-disable @typescript-eslint/no-explicit-any -- a room may belong to a database of any schema */

// What room hooks take and give, in the terms of a schema.

import type { InstantCoreDatabase, PresenceOpts, RoomSchemaShape, PresenceResponse } from 'triplane';
import type { KeyboardEvent } from 'react';

import type { AnySchemaDef } from './types.ts';
import { type RoomRef, usePresence, usePublishTopic, useSyncPresence, useTopicEffect } from './room-hooks.ts';
import { useTypingIndicator } from './use-typing-indicator.ts';

type PresenceIn<RoomSchema extends RoomSchemaShape, RoomType extends keyof RoomSchema> = RoomSchema[RoomType]['presence'];
type TopicsIn<RoomSchema extends RoomSchemaShape, RoomType extends keyof RoomSchema> = RoomSchema[RoomType]['topics'];

export interface RoomHooks {
  /**
   * Hears what is said in a room on one topic.
   *
   * @example
   * db.rooms.useTopicEffect(room, 'emoji', ({ name }, peer) => fly(name, peer));
   */
  useTopicEffect: <
    RoomSchema extends RoomSchemaShape,
    RoomType extends string & keyof RoomSchema,
    TopicType extends keyof TopicsIn<RoomSchema, RoomType>,
  >(
    room: InstantReactRoom<any, RoomSchema, RoomType>,
    topic: TopicType,
    onEvent: (event: TopicsIn<RoomSchema, RoomType>[TopicType], peer: PresenceIn<RoomSchema, RoomType>) => any,
  ) => void;
  /**
   * Gives what says something in a room on one topic.
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
    room: InstantReactRoom<any, RoomSchema, RoomType>,
    topic: TopicType,
  ) => (data: TopicsIn<RoomSchema, RoomType>[TopicType]) => void;
  /**
   * Who is in a room, and what they show. Drawn again when what was asked for changed.
   *
   * @example
   * const { peers, publishPresence } = db.rooms.usePresence(room, { keys: ['name'] });
   */
  usePresence: <
    RoomSchema extends RoomSchemaShape,
    RoomType extends string & keyof RoomSchema,
    Keys extends keyof PresenceIn<RoomSchema, RoomType>,
  >(
    room: InstantReactRoom<any, RoomSchema, RoomType>,
    opts?: PresenceOpts<PresenceIn<RoomSchema, RoomType>, Keys>,
  ) => PresenceHandle<PresenceIn<RoomSchema, RoomType>, Keys>;
  /**
   * Shows the others what this component has.
   *
   * @example
   * db.rooms.useSyncPresence(room, { name });
   */
  useSyncPresence: <RoomSchema extends RoomSchemaShape, RoomType extends string & keyof RoomSchema>(
    room: InstantReactRoom<any, RoomSchema, RoomType>,
    data: Partial<PresenceIn<RoomSchema, RoomType>>,
    deps?: any[],
  ) => void;
  /**
   * Who is typing, and what tells that we are.
   *
   * @example
   * const { active, inputProps } = db.rooms.useTypingIndicator(room, 'message');
   * return <input {...inputProps} placeholder={`${active.length} typing`} />;
   */
  useTypingIndicator: <RoomSchema extends RoomSchemaShape, RoomType extends string & keyof RoomSchema>(
    room: InstantReactRoom<any, RoomSchema, RoomType>,
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
  /** Milliseconds after the last key; null or 0 = no end. */
  timeout?: number | null;
  /** Enter sends, and ends. */
  stopOnEnter?: boolean;
  /** Others are of no interest. */
  writeOnly?: boolean;
};

export type TypingIndicatorHandle<PresenceShape> = {
  active: PresenceShape[];
  setActive(active: boolean): void;
  inputProps: { onKeyDown: (e: KeyboardEvent) => void; onBlur: () => void };
};
