// The type of a query, for `satisfies InstaQLParams<Schema>`: namespaces, links and the options under `$`. The stricter type used by
// `subscribeQuery` is in valid-query.ts, the result type in result.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- what a cursor holds and what rule params are is not known here */

import type { AnySchema, EntitiesDef, IndexedKeys, ResolveEntityAttrs } from '../schema/schema.ts';
import type { Where } from './where.ts';

/** An opaque position in an ordered list. Take it from `pageInfo` and pass it to `after` or `before`. */
export type Cursor = [string, string, any, number];

type Direction = 'asc' | 'desc';

/** No interface: a type has an index signature where one is asked for, as in the query type of a database without a schema. */
type OrderByAge = { serverCreatedAt?: Direction };

/** The keys a list can be ordered by: indexed attributes, and the time the server created the entity. */
export type Order<Schema extends AnySchema, EntityName extends keyof Schema['entities']> =
  IndexedKeys<Schema['entities'][EntityName]['attrs']> extends never
    ? OrderByAge
    : { [K in IndexedKeys<Schema['entities'][EntityName]['attrs']>]?: Direction } & OrderByAge;

export type FieldName<Schema extends AnySchema, EntityName extends keyof Schema['entities']> =
  Extract<keyof ResolveEntityAttrs<Schema['entities'][EntityName]>, string> | 'id';

/** The attributes to return. Default: all. */
export type InstaQLFields<S extends AnySchema, K extends keyof S['entities']> = FieldName<S, K>[];

/** Pagination options. Only at the top level of a query, except `limit`. */
export interface Paging {
  first?: number;
  last?: number;
  offset?: number;
  after?: Cursor;
  afterInclusive?: boolean;
  before?: Cursor;
  beforeInclusive?: boolean;
}

interface Options<Schema extends AnySchema, EntityName extends keyof Schema['entities']> extends Paging {
  where?: Where<Schema, EntityName>;
  order?: Order<Schema, EntityName>;
  limit?: number;
  fields?: InstaQLFields<Schema, EntityName>;
}

export interface WithOptions<Schema extends AnySchema, EntityName extends keyof Schema['entities']> {
  $?: Options<Schema, EntityName>;
}

type LinksOf<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = Schema['entities'][EntityName]['links'];

/** A query node: options, and a node for each requested link. */
type QueryNode<Schema extends AnySchema, EntityName extends keyof Schema['entities']> =
  WithOptions<Schema, EntityName> | (WithOptions<Schema, EntityName> & LinkNodes<Schema, EntityName>);

type LinkNodes<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [L in keyof LinksOf<Schema, EntityName>]?: QueryNode<Schema, LinksOf<Schema, EntityName>[L]['entityName']>;
};

/**
 * A query over a schema.
 *
 * @example
 * const query = { acts: { $: { where: { fee: { $gt: 100 } } }, sets: {} } } satisfies InstaQLParams<typeof schema>;
 */
export type InstaQLParams<S extends AnySchema> = { [K in keyof S['entities']]?: QueryNode<S, K> };

/** @deprecated Use `InstaQLParams`. */
export type InstaQLQueryParams<S extends AnySchema> = InstaQLParams<S>;

/** The nodes below one entity, as the third argument of `InstaQLEntity`. */
export type InstaQLEntitySubquery<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [L in keyof LinksOf<Schema, EntityName>]?:
    | WithOptions<Schema, EntityName>
    | (WithOptions<Schema, EntityName> & InstaQLEntitySubquery<Schema, LinksOf<Schema, EntityName>[L]['entityName']>);
};

/** Values that permission rules read as `ruleParams`. */
export type RuleParams = { [key: string]: any };

export type InstaQLOptions = { ruleParams: RuleParams };

/** Options of a subscription. */
export type SubscribeOptions = Partial<InstaQLOptions> & {
  /** Return a result from the data of other queries until the server's result arrives. */
  local?: boolean | undefined;
  /** Called while a large result is processed in slices (`yieldEvery` in `init`), for a progress bar from 0 to `total`. */
  progress?: ((progress: { query: object; done: number; total: number }) => void) | undefined;
};

type UntypedNode = WithOptions<AnySchema, keyof EntitiesDef> | (WithOptions<AnySchema, keyof EntitiesDef> & UntypedNodes);
type UntypedNodes = { [label: string]: UntypedNode };

/** A query without a schema. */
export interface Query {
  [etype: string]: UntypedNode;
}

/**
 * `Child` with every key that `Parent` lacks forbidden, for functions whose parameter would otherwise accept extra keys.
 *
 * @example
 * declare function subscribe<Q>(query: Exactly<Query, Q>): void;
 */
export type Exactly<Parent, Child> = Parent & { [K in keyof Child]: K extends keyof Parent ? Child[K] : never };
