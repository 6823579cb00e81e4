// A query as a program writes it down: namespaces, links and the options under `$`, for `satisfies InstaQLParams<Schema>`. The stricter
// check that `subscribeQuery` makes is in valid-query.ts, what comes back in result.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- what a cursor holds and what rule params are is not known here */

import type { AnySchema, EntitiesDef, IndexedKeys, ResolveEntityAttrs } from '../schema/schema.ts';
import type { Where } from './where.ts';

/** A place in an ordered list. Take it from `pageInfo`, give it to `after` or `before`, and do not look inside. */
export type Cursor = [string, string, any, number];

type Direction = 'asc' | 'desc';

interface OrderByAge {
  serverCreatedAt?: Direction;
}

/** What a list can be ordered by: indexed attributes, and when the server first saw the entity. */
export type Order<Schema extends AnySchema, EntityName extends keyof Schema['entities']> =
  IndexedKeys<Schema['entities'][EntityName]['attrs']> extends never
    ? OrderByAge
    : { [K in IndexedKeys<Schema['entities'][EntityName]['attrs']>]?: Direction } & OrderByAge;

export type FieldName<Schema extends AnySchema, EntityName extends keyof Schema['entities']> =
  Extract<keyof ResolveEntityAttrs<Schema['entities'][EntityName]>, string> | 'id';

/** The attributes to be given; without it, all are. */
export type InstaQLFields<S extends AnySchema, K extends keyof S['entities']> = FieldName<S, K>[];

/** The part of a long list that is wanted. Only at the top of a query, but for `limit`. */
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

/** A form: options, and a form for each link that is asked for. */
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

/** The forms below one entity, as the third argument of `InstaQLEntity`. */
export type InstaQLEntitySubquery<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [L in keyof LinksOf<Schema, EntityName>]?:
    | WithOptions<Schema, EntityName>
    | (WithOptions<Schema, EntityName> & InstaQLEntitySubquery<Schema, LinksOf<Schema, EntityName>[L]['entityName']>);
};

/** Values that permission rules read as `ruleParams`. */
export type RuleParams = { [key: string]: any };

export type InstaQLOptions = { ruleParams: RuleParams };

/** How a live query is asked. */
export type SubscribeOptions = Partial<InstaQLOptions> & {
  /** Answered from what other queries hold, until the server speaks. */
  local?: boolean | undefined;
  /** Is told how far a big answer has come, where `init` was told to `yieldEvery` so often: for a bar that grows from 0 to `total`. */
  progress?: ((progress: { query: object; done: number; total: number }) => void) | undefined;
};

type UntypedNode = WithOptions<AnySchema, keyof EntitiesDef> | (WithOptions<AnySchema, keyof EntitiesDef> & UntypedNodes);
type UntypedNodes = { [label: string]: UntypedNode };

/** A query over no schema in particular. */
export interface Query {
  [etype: string]: UntypedNode;
}

/**
 * `Child` with every key that `Parent` lacks forbidden: for functions whose parameter would let extra keys through.
 *
 * @example
 * declare function ask<Q>(query: Exactly<Query, Q>): void;
 */
export type Exactly<Parent, Child> = Parent & { [K in keyof Child]: K extends keyof Parent ? Child[K] : never };
