// Rooms in a schema: the types of presence and topics for each room type. Types only; they are not sent to the server. The room API is in
// types/rooms.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every definition fits */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` is what a property that may be left out leaves */

import type { DataAttrDef } from './attr.ts';
import type { AnyEntity, EntityDef, ResolveEntityAttrs } from './entity.ts';
import type { Expand } from './expand.ts';

interface RoomDef {
  presence: AnyEntity;
  topics?: { [TopicName: string]: AnyEntity };
}

export interface RoomsDef {
  [RoomType: string]: RoomDef;
}

/** The deprecated way to type rooms: plain types instead of definitions. */
export type RoomSchemaShape = {
  [RoomType: string]: {
    presence?: { [label: string]: any };
    topics?: { [TopicName: string]: { [label: string]: any } };
  };
};

/** Presence and topics of rooms as plain types. */
export type RoomsFromDef<Rooms extends RoomsDef> = {
  [RoomType in keyof Rooms]: {
    presence: Expand<ResolveEntityAttrs<Rooms[RoomType]['presence']>>;
    topics: {
      [Topic in keyof Rooms[RoomType]['topics']]: Expand<ResolveEntityAttrs<NonNullable<Rooms[RoomType]['topics']>[Topic]>>;
    };
  };
};

/** Attribute definitions derived from an object type. Optional properties become optional attributes. */
export type AttrDefsFromType<Shape> = {
  [K in keyof Shape]-?: DataAttrDef<
    Required<Shape>[K],
    {} extends Pick<Shape, K> ? false : Shape[K] extends undefined ? false : true,
    any,
    boolean
  >;
};

type EntityDefFromType<Shape> = EntityDef<AttrDefsFromType<Shape>, any, void>;

/** Room definitions derived from plain types. */
export type RoomDefFromShape<Shape extends RoomSchemaShape> = {
  [RoomType in keyof Shape]: {
    presence: EntityDefFromType<NonNullable<Shape[RoomType]['presence']>>;
    topics: {
      [Topic in keyof Shape[RoomType]['topics']]: EntityDefFromType<NonNullable<Shape[RoomType]['topics'][Topic]>>;
    };
  };
};
