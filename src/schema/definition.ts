// A complete schema: entities, links and rooms. Also the schema type of programs without one, which allows every namespace, attribute and
// link.

/* eslint-disable @typescript-eslint/no-explicit-any -- the values of a schema that is not known are not known either */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` are the rooms of a schema without rooms */

import type { DataAttrDef } from './attr.ts';
import type { AnyEntity, EntitiesDef, EntityDef, LinkAttrDef } from './entity.ts';
import type { LinkDef, LinksDef } from './link.ts';
import type { AttrDefsFromType, RoomDefFromShape, RoomSchemaShape, RoomsDef } from './room.ts';

/** The parts of a schema that queries and transactions need. */
export interface IContainEntitiesAndLinks<Entities extends EntitiesDef, Links extends LinksDef<Entities>> {
  entities: Entities;
  links: Links;
}

export type AnySchema = IContainEntitiesAndLinks<any, any>;

/** A schema for `init`. Created with `i.schema`. */
export class InstantSchemaDef<
  Entities extends EntitiesDef,
  Links extends LinksDef<Entities>,
  Rooms extends RoomsDef,
> implements IContainEntitiesAndLinks<Entities, Links> {
  readonly entities: Entities;
  readonly links: Links;
  readonly rooms: Rooms;

  constructor(entities: Entities, links: Links, rooms: Rooms) {
    this.entities = entities;
    this.links = links;
    this.rooms = rooms;
  }

  /**
   * The same schema with rooms typed by plain types.
   *
   * @deprecated Declare rooms in the schema: `i.schema({ entities, links, rooms })`.
   *
   * @example
   * i.schema({ entities }).withRoomSchema<{ table: { presence: { name: string } } }>()
   */
  withRoomSchema<_RoomSchema extends RoomSchemaShape>(): InstantSchemaDef<Entities, Links, RoomDefFromShape<_RoomSchema>> {
    return new InstantSchemaDef(this.entities, this.links, {} as RoomDefFromShape<_RoomSchema>);
  }
}

export type AnySchemaDef = InstantSchemaDef<any, any, any>;

/**
 * The former result of `i.graph`.
 *
 * @deprecated Use `i.schema` and `InstantSchemaDef`.
 */
export class InstantGraph<
  Entities extends EntitiesDef,
  Links extends LinksDef<Entities>,
  _RoomSchema extends RoomSchemaShape = {},
> implements IContainEntitiesAndLinks<Entities, Links> {
  readonly entities: Entities;
  readonly links: Links;

  constructor(entities: Entities, links: Links) {
    this.entities = entities;
    this.links = links;
  }

  withRoomSchema<NewRoomSchema extends RoomSchemaShape>(): InstantGraph<Entities, Links, NewRoomSchema> {
    return new InstantGraph(this.entities, this.links);
  }
}

export type UnknownEntity = EntityDef<
  { id: DataAttrDef<string, true, true, boolean>; [label: string]: DataAttrDef<any, boolean, boolean, boolean> },
  { [label: string]: LinkAttrDef<'many', string> },
  void
>;

export type UnknownEntities = { [etype: string]: UnknownEntity };

export interface UnknownLinks<Entities extends EntitiesDef> {
  [LinkName: string]: LinkDef<Entities, string, string, 'many', string, string, 'many'>;
}

export interface UnknownRooms {
  [RoomType: string]: { presence: AnyEntity; topics: { [TopicName: string]: AnyEntity } };
}

/** The schema type of programs that pass no schema to `init`. */
export interface InstantUnknownSchemaDef extends InstantSchemaDef<UnknownEntities, UnknownLinks<UnknownEntities>, UnknownRooms> {}

export type InstantUnknownSchema = InstantUnknownSchemaDef;

type EntityDefFromShape<Shape, Name extends keyof Shape> = EntityDef<
  AttrDefsFromType<Shape[Name]>,
  { [Other in keyof Shape]: LinkAttrDef<'many', Other extends string ? Other : string> },
  void
>;

/**
 * A schema type derived from plain types, which programs passed to `init` before there were schemas.
 *
 * @example
 * const db = init<BackwardsCompatibleSchema<{ goals: { title: string } }>>({ appId })
 */
export type BackwardsCompatibleSchema<Shape extends { [etype: string]: any }, RoomSchema extends RoomSchemaShape = {}> = InstantSchemaDef<
  { [Name in keyof Shape]: EntityDefFromShape<Shape, Name> },
  UnknownLinks<EntitiesDef>,
  RoomDefFromShape<RoomSchema>
>;
