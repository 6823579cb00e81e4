/* eslint-disable @typescript-eslint/no-explicit-any -- `any` in constraint positions is how these definitions stay inferable */
// What a schema is made of: attributes, entities, links, rooms. Values a user writes once and the types of every
// result are inferred from.

export type ValueTypes = 'string' | 'number' | 'boolean' | 'date' | 'json';
export type CardinalityKind = 'one' | 'many';
export type RequirementKind = boolean;

/** One attribute: its type, and what is asked of it. */
export class DataAttrDef<ValueType, IsRequired extends RequirementKind, IsIndexed extends boolean, IsUnique extends boolean = false> {
  readonly valueType: ValueTypes;
  readonly required: IsRequired;
  readonly isIndexed: IsIndexed;
  readonly config: { indexed: boolean; unique: boolean };
  readonly metadata: Record<string, unknown> = {};
  /** Types only: what a value is, and whether it is unique. */
  declare readonly valueOf$?: ValueType;
  declare readonly isUnique$?: IsUnique;

  constructor(valueType: ValueTypes, required: IsRequired, isIndexed: IsIndexed, config = { indexed: false, unique: false }) {
    this.valueType = valueType;
    this.required = required;
    this.isIndexed = isIndexed;
    this.config = config;
  }

  /** Required in types only; the server accepts entities without it. */
  clientRequired(): DataAttrDef<ValueType, true, IsIndexed, IsUnique> {
    return new DataAttrDef(this.valueType, false, this.isIndexed, this.config) as unknown as DataAttrDef<
      ValueType,
      true,
      IsIndexed,
      IsUnique
    >;
  }

  /** May be missing or null. */
  optional(): DataAttrDef<ValueType, false, IsIndexed, IsUnique> {
    return new DataAttrDef(this.valueType, false, this.isIndexed, this.config);
  }

  /** No two entities share a value; it can be looked up by. */
  unique(): DataAttrDef<ValueType, IsRequired, IsIndexed, true> {
    return new DataAttrDef(this.valueType, this.required, this.isIndexed, { ...this.config, unique: true });
  }

  /** Can be ordered by, and compared with. */
  indexed(): DataAttrDef<ValueType, IsRequired, true, IsUnique> {
    return new DataAttrDef(this.valueType, this.required, true, { ...this.config, indexed: true });
  }
}

export class LinkAttrDef<Cardinality extends CardinalityKind, EntityName extends string> {
  readonly cardinality: Cardinality;
  readonly entityName: EntityName;

  constructor(cardinality: Cardinality, entityName: EntityName) {
    this.cardinality = cardinality;
    this.entityName = entityName;
  }
}

export type AttrsDefs = Record<string, DataAttrDef<any, any, any, boolean>>;

/** One namespace: its attributes, and the links it is an end of. */
export class EntityDef<Attrs extends AttrsDefs, Links extends Record<string, LinkAttrDef<any, any>>, AsType> {
  readonly attrs: Attrs;
  readonly links: Links;
  /** Types only: what `asType` said. */
  declare readonly asType$?: AsType;

  constructor(attrs: Attrs, links: Links) {
    this.attrs = attrs;
    this.links = links;
  }

  /** Narrows the TypeScript types of some attributes; nothing happens at run time. */
  asType<Narrowed extends Partial<MappedAttrs<Attrs, boolean>>>(): EntityDef<Attrs, Links, Narrowed> {
    return new EntityDef(this.attrs, this.links);
  }
}

export type EntitiesDef = Record<string, EntityDef<any, any, any>>;

/** A link seen from both ends. */
export interface LinkDef<
  Entities extends EntitiesDef,
  ForwardEntity extends keyof Entities,
  ForwardLabel extends string,
  ForwardHas extends CardinalityKind,
  ReverseEntity extends keyof Entities,
  ReverseLabel extends string,
  ReverseHas extends CardinalityKind,
> {
  readonly forward: {
    readonly on: ForwardEntity;
    readonly label: ForwardLabel;
    readonly has: ForwardHas;
    readonly required?: RequirementKind | undefined;
    readonly onDelete?: 'cascade' | undefined;
  };
  readonly reverse: {
    readonly on: ReverseEntity;
    readonly label: ReverseLabel;
    readonly has: ReverseHas;
    readonly onDelete?: 'cascade' | undefined;
  };
}

export type LinksDef<Entities extends EntitiesDef> = Record<
  string,
  LinkDef<Entities, keyof Entities, string, CardinalityKind, keyof Entities, string, CardinalityKind>
>;

export interface IContainEntitiesAndLinks<Entities extends EntitiesDef, Links extends LinksDef<Entities>> {
  readonly entities: Entities;
  readonly links: Links;
}

interface RoomDef {
  readonly presence: EntityDef<any, any, any>;
  readonly topics?: Readonly<Record<string, EntityDef<any, any, any>>>;
}
export type RoomsDef = Record<string, RoomDef>;

export type RoomSchemaShape = Record<
  string,
  { presence?: Record<string, any> | undefined; topics?: Record<string, Record<string, any>> | undefined }
>;

/** A whole schema: what `i.schema` returns. */
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

  /** @deprecated Declare `rooms` in `i.schema`. */
  withRoomSchema<Shape extends RoomSchemaShape>(): InstantSchemaDef<Entities, Links, RoomDefFromShape<Shape>> {
    return new InstantSchemaDef(this.entities, this.links, {} as RoomDefFromShape<Shape>);
  }
}

/** @deprecated What `i.graph` was called. */
export type InstantGraph<
  Entities extends EntitiesDef,
  Links extends LinksDef<Entities>,
  _Rooms extends RoomSchemaShape = {},
> = IContainEntitiesAndLinks<Entities, Links>;

type EntityDefFromShape<Shape extends Record<string, any>> = EntityDef<
  { [Name in keyof Shape & string]: DataAttrDef<Shape[Name], Shape[Name] extends undefined ? false : true, any, boolean> },
  any,
  void
>;

export type RoomDefFromShape<Shape extends RoomSchemaShape> = {
  [Name in keyof Shape]: {
    presence: EntityDefFromShape<NonNullable<Shape[Name]['presence']>>;
    topics: { [Topic in keyof Shape[Name]['topics']]: EntityDefFromShape<NonNullable<Shape[Name]['topics']>[Topic] & Record<string, any>> };
  };
};

export type RequiredKeys<Attrs extends AttrsDefs> = {
  [K in keyof Attrs]: Attrs[K] extends DataAttrDef<any, infer R, any, boolean> ? (R extends true ? K : never) : never;
}[keyof Attrs];

export type OptionalKeys<Attrs extends AttrsDefs> = {
  [K in keyof Attrs]: Attrs[K] extends DataAttrDef<any, infer R, any, boolean> ? (R extends false ? K : never) : never;
}[keyof Attrs];

/** How a value of an attribute comes back. */
type Read<Attr, UseDates extends boolean> =
  Attr extends DataAttrDef<infer V, any, any, boolean> ? (V extends Date ? (UseDates extends true ? V : string | number) : V) : never;

export type MappedAttrs<Attrs extends AttrsDefs, UseDates extends boolean> = {
  [K in RequiredKeys<Attrs>]: Read<Attrs[K], UseDates>;
} & {
  [K in OptionalKeys<Attrs>]?: Read<Attrs[K], UseDates>;
};
