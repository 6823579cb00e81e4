// The result type of a query, derived from the query and the schema: `InstaQLResult` for a whole query, `InstaQLEntity` for one entity. The
// older form without cardinality, `QueryResponse`, is at the end.

/* eslint-disable @typescript-eslint/no-explicit-any -- what an entity of no schema holds is not known */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` is the query that asks for no links */

import type {
  AnySchema,
  At,
  EntitiesDef,
  Expand,
  IContainEntitiesAndLinks,
  InstantGraph,
  LinkAttrDef,
  ResolveAttrs,
  ResolveEntityAttrs,
} from '../schema/schema.ts';
import type { Cursor, InstaQLEntitySubquery, InstaQLFields, InstaQLParams } from './query.ts';

type SchemaOf = IContainEntitiesAndLinks<EntitiesDef, any>;

/** The links of a node, without its options. */
type NodeLinks<Form> = Form extends object ? { [L in keyof Form as Exclude<L, '$'>]: Form[L] } : Form;

type NodeFields<Form> = At<At<Form, '$'>, 'fields'>;

type PickEach<Attrs, Key extends string> = Attrs extends unknown ? { [K in Key]: K extends keyof Attrs ? Attrs[K] : never } : never;

/** The selected attributes. A selected optional attribute is present and may be undefined. */
type SelectedFields<Attrs, Fields> = Fields extends readonly string[] ? PickEach<Attrs, Exclude<Fields[number], 'id'>> : Attrs;

/** A has-one link is an object or undefined, a has-many link an array. */
type ByCardinality<Cardinality, Item> = Cardinality extends 'one' ? Item | undefined : Item[];

type LinkedEntities<Schema extends SchemaOf, EntityName extends keyof Schema['entities'], Forms, UseDates extends boolean> = {
  [L in keyof Forms]: Schema['entities'][EntityName]['links'][L] extends LinkAttrDef<infer Cardinality, infer Target>
    ? Target extends keyof Schema['entities']
      ? ByCardinality<Cardinality, NodeEntity<Schema, Target, At<Forms, L>, UseDates>>
      : never
    : never;
};

type Entity<Schema extends SchemaOf, EntityName extends keyof Schema['entities'], Forms, Fields, UseDates extends boolean> = Expand<
  { id: string } & SelectedFields<ResolveEntityAttrs<Schema['entities'][EntityName], UseDates>, Fields> &
    LinkedEntities<Schema, EntityName, Forms, UseDates>
>;

type NodeEntity<Schema extends SchemaOf, EntityName extends keyof Schema['entities'], Form, UseDates extends boolean> = Entity<
  Schema,
  EntityName,
  NodeLinks<Form>,
  NodeFields<Form>,
  UseDates
>;

/**
 * An entity in a query result: `id`, its attributes (or the selected `Fields`), and the links in `Subquery`.
 *
 * @example
 * type Act = InstaQLEntity<typeof schema, 'acts', { sets: {} }>;
 */
export type InstaQLEntity<
  Schema extends SchemaOf,
  EntityName extends keyof Schema['entities'],
  Subquery extends InstaQLEntitySubquery<Schema, EntityName> | undefined = {},
  Fields extends InstaQLFields<Schema, EntityName> | undefined = undefined,
  UseDates extends boolean = false,
> = Entity<Schema, EntityName, Subquery, Fields, UseDates>;

/**
 * The data of a query result.
 *
 * @example
 * type Data = InstaQLResult<typeof schema, { acts: { sets: {} } }>;
 */
export type InstaQLResult<
  Schema extends SchemaOf,
  Query extends InstaQLParams<Schema> | undefined,
  UseDates extends boolean = false,
> = Expand<{
  [K in keyof Query]: K extends keyof Schema['entities'] ? NodeEntity<Schema, K, At<Query, K>, UseDates>[] : never;
}>;

/** The same for a query that is not yet known to fit the schema. */
export type InstaQLResponse<Schema, Q, UseDates extends boolean = false> = Schema extends AnySchema
  ? Q extends InstaQLParams<Schema> | undefined
    ? InstaQLResult<Schema, Q, UseDates>
    : never
  : never;

interface PageInfo {
  startCursor: Cursor;
  endCursor: Cursor;
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}

/** The page info of a result by namespace. */
export type PageInfoResponse<T> = { [K in keyof T]: PageInfo };

/** An entity without a schema. */
export type InstantObject = { id: string; [prop: string]: any };

type GraphLinks<
  Entities extends EntitiesDef,
  EntityName extends keyof Entities,
  Forms,
  WithCardinalityInference extends boolean,
  UseDates extends boolean,
> = {
  [L in keyof Forms]: Entities[EntityName]['links'][L] extends LinkAttrDef<infer Cardinality, infer Target>
    ? Target extends keyof Entities
      ? ByCardinality<
          WithCardinalityInference extends true ? Cardinality : 'many',
          InstaQLQueryEntityResult<Entities, Target, Forms[L] & {}, WithCardinalityInference, UseDates>
        >
      : never
    : never;
};

/** An entity in the result of a query over a graph. */
export type InstaQLQueryEntityResult<
  Entities extends EntitiesDef,
  EntityName extends keyof Entities,
  Query extends { [L in keyof Entities[EntityName]['links']]?: any },
  WithCardinalityInference extends boolean,
  UseDates extends boolean,
> = { id: string } & ResolveAttrs<Entities, EntityName, UseDates> &
  GraphLinks<Entities, EntityName, Query, WithCardinalityInference, UseDates>;

type GraphResult<Entities extends EntitiesDef, Query, WithCardinalityInference extends boolean, UseDates extends boolean> = {
  [K in keyof Query]: K extends keyof Entities
    ? InstaQLQueryEntityResult<Entities, K, Query[K] & {}, WithCardinalityInference, UseDates>[]
    : never;
};

/** The type without the `$` keys at any depth. */
export type WithoutOptions<T> = T extends object ? { [K in keyof T as Exclude<K, '$'>]: WithoutOptions<T[K]> } : T;

type ShapeObject<Name, Shape> = Name extends keyof Shape ? { id: string } & Shape[Name] : InstantObject;

type ShapeResult<Query, Shape> = {
  [K in keyof Query]: Query[K] extends Record<string, never>
    ? ShapeObject<K, Shape>[]
    : (ShapeResult<Query[K], Shape> & ShapeObject<K, Shape>)[];
};

/** The data of a query over a graph, or over the plain types that programs used before there were schemas. */
export type QueryResponse<Q, Schema, WithCardinalityInference extends boolean = false, UseDates extends boolean = false> =
  Schema extends InstantGraph<infer Entities, any>
    ? GraphResult<Entities, Q, WithCardinalityInference, UseDates>
    : ShapeResult<{ [K in keyof Q]: WithoutOptions<Q[K]> }, Schema>;
