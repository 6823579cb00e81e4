/* eslint-disable @typescript-eslint/no-explicit-any -- `any` in constraint positions is how inference from a schema works */
// What follows from a schema: the links of each entity, what its values are read as, what may be written.

import type {
  AttrsDefs,
  CardinalityKind,
  DataAttrDef,
  EntitiesDef,
  EntityDef,
  IContainEntitiesAndLinks,
  InstantSchemaDef,
  LinkAttrDef,
  LinkDef,
  LinksDef,
  MappedAttrs,
  OptionalKeys,
  RequiredKeys,
  RoomDefFromShape,
  RoomSchemaShape,
  RoomsDef,
} from '../schema/definitions.ts';

/** An object type spelled out, for people to read. */
export type Expand<T> = T extends Date | Function | Error | RegExp | string | number | boolean | symbol | null | undefined
  ? T
  : T extends object
    ? T extends infer O
      ? { [K in keyof O]: Expand<O[K]> }
      : never
    : T;

type HasNoNames<T> = keyof T extends never ? true : string extends keyof T ? true : false;

/** The links of one entity, as one side of the link list says. */
type LinksOf<Name, Links, Side extends 'forward' | 'reverse'> =
  HasNoNames<Links> extends true
    ? {}
    : {
        [Key in keyof Links as Links[Key] extends Record<Side, { on: Name; label: infer Label extends string }> ? Label : never]: Links[Key] extends LinkDef<
          any,
          infer ForwardOn,
          any,
          infer ForwardHas,
          infer ReverseOn,
          any,
          infer ReverseHas
        >
          ? Side extends 'forward'
            ? { entityName: ReverseOn; cardinality: ForwardHas }
            : { entityName: ForwardOn; cardinality: ReverseHas }
          : never;
      };

export type EntitiesWithLinks<Entities extends EntitiesDef, Links> = {
  [Name in keyof Entities]: EntityDef<
    Entities[Name]['attrs'],
    LinksOf<Name, Links, 'forward'> & LinksOf<Name, Links, 'reverse'>,
    Entities[Name] extends EntityDef<any, any, infer AsType> ? AsType : void
  >;
};

export type UniqueKeys<Attrs extends AttrsDefs> = {
  [K in keyof Attrs]: Attrs[K] extends DataAttrDef<any, any, any, infer U> ? (U extends true ? K : never) : never;
}[keyof Attrs];

export type EntityDefFromSchema<S extends IContainEntitiesAndLinks<any, any>, Name extends keyof S['entities']> = {
  [K in keyof S['entities'][Name]['attrs']]: S['entities'][Name] extends EntityDef<any, any, any> ? S['entities'][Name]['attrs'][K] : never;
};

export type ResolveEntityAttrs<
  Def extends EntityDef<any, any, any>,
  UseDates extends boolean = false,
  Resolved = MappedAttrs<Def['attrs'], UseDates>,
> = Def extends EntityDef<any, any, infer AsType> ? (AsType extends void ? Resolved : Omit<Resolved, keyof AsType> & AsType) : Resolved;

export type ResolveAttrs<Entities extends EntitiesDef, Name extends keyof Entities, UseDates extends boolean> = ResolveEntityAttrs<
  Entities[Name],
  UseDates
>;

export type RoomsFromDef<Rooms extends RoomsDef> = {
  [Name in keyof Rooms]: {
    presence: Expand<ResolveEntityAttrs<Rooms[Name]['presence']>>;
    topics: { [Topic in keyof Rooms[Name]['topics']]: Expand<ResolveEntityAttrs<NonNullable<Rooms[Name]['topics']>[Topic]>> };
  };
};
export type RoomsOf<S> = S extends InstantSchemaDef<any, any, infer Rooms> ? RoomsFromDef<Rooms> : never;
export type PresenceOf<S, Room extends keyof RoomsOf<S>> = RoomsOf<S>[Room] extends { presence: infer P } ? P : {};
export type TopicsOf<S, Room extends keyof RoomsOf<S>> = RoomsOf<S>[Room] extends { topics: infer T } ? T : {};
export type TopicOf<S, Room extends keyof RoomsOf<S>, Topic extends keyof TopicsOf<S, Room>> = TopicsOf<S, Room>[Topic];

/** What is known where there is no schema: nothing, so everything is allowed. */
export type UnknownEntity = EntityDef<
  { id: DataAttrDef<string, true, true, boolean>; [Name: string]: DataAttrDef<any, boolean, boolean, boolean> },
  { [Label: string]: LinkAttrDef<'many', string> },
  void
>;
export interface UnknownEntities {
  [Name: string]: UnknownEntity;
}
export interface UnknownLinks<Entities extends EntitiesDef> {
  [Name: string]: LinkDef<Entities, string, string, 'many', string, string, 'many'>;
}
export interface UnknownRooms {
  [Name: string]: { presence: EntityDef<any, any, any>; topics: { [Topic: string]: EntityDef<any, any, any> } };
}
export interface InstantUnknownSchemaDef extends InstantSchemaDef<UnknownEntities, UnknownLinks<UnknownEntities>, UnknownRooms> {}
export type InstantUnknownSchema = InstantUnknownSchemaDef;

export type BackwardsCompatibleSchema<Shape extends Record<string, any>, Rooms extends RoomSchemaShape = {}> = InstantSchemaDef<
  {
    [K in keyof Shape & string]: EntityDef<
      { [Name in keyof Shape[K] & string]: DataAttrDef<Shape[K][Name], Shape[K][Name] extends undefined ? false : true, any, boolean> },
      { [Label in keyof Shape]: LinkAttrDef<'many', Label extends string ? Label : string> },
      void
    >;
  },
  UnknownLinks<EntitiesDef>,
  RoomDefFromShape<Rooms>
>;

type Written<V> = V extends Date ? string | number | Date : V;
type AttrsOf<S extends IContainEntitiesAndLinks<any, any>, Name extends keyof S['entities']> = S['entities'][Name]['attrs'];

/** What `create` takes: everything required, the rest optional or null. */
export type CreateParams<S extends IContainEntitiesAndLinks<any, any>, Name extends keyof S['entities']> = {
  [K in RequiredKeys<AttrsOf<S, Name>>]: AttrsOf<S, Name>[K] extends DataAttrDef<infer V, any, any, any> ? Written<V> : never;
} & {
  [K in OptionalKeys<AttrsOf<S, Name>>]?: AttrsOf<S, Name>[K] extends DataAttrDef<infer V, false, any, any> ? Written<V> | null : never;
};

/** What `update` takes: anything, null where it is optional. */
export type UpdateParams<S extends IContainEntitiesAndLinks<any, any>, Name extends keyof S['entities']> = {
  [K in keyof AttrsOf<S, Name>]?: AttrsOf<S, Name>[K] extends DataAttrDef<infer V, infer R, any, any>
    ? R extends true
      ? Written<V>
      : Written<V> | null
    : never;
};

export interface UpdateOpts {
  readonly upsert?: boolean | undefined;
}

export type LinkParams<S extends IContainEntitiesAndLinks<any, any>, Name extends keyof S['entities']> = {
  [Label in keyof S['entities'][Name]['links']]?: S['entities'][Name]['links'][Label] extends LinkAttrDef<infer Has extends CardinalityKind, any>
    ? Has extends 'one'
      ? string
      : string | string[]
    : never;
};

export type RuleParams = Record<string, any>;
export type { LinksDef };
