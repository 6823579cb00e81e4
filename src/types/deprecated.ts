// Types derived from a database instead of a schema, for older programs. New programs use `typeof schema`.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every schema fits */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` is the query that asks for no links */

import type { AnySchemaDef, IContainEntitiesAndLinks } from '../schema/schema.ts';
import type { IInstantDatabase } from './database.ts';
import type { InstaQLParams } from './query.ts';
import type { InstaQLEntity, InstaQLResult, WithoutOptions } from './result.ts';

type AnyDatabase = IInstantDatabase<any>;

/**
 * The schema of a database.
 *
 * @deprecated Use `typeof schema`.
 */
export type InstantSchema<DB extends AnyDatabase> = DB extends IInstantDatabase<infer Schema> ? Schema : never;

/** @deprecated Use `InstaQLParams<typeof schema>`. */
export type InstantQuery<DB extends AnyDatabase> = DB extends IInstantDatabase<infer Schema> ? InstaQLParams<Schema> : never;

/** @deprecated Use `InstaQLResult<typeof schema, Query>`. */
export type InstantQueryResult<DB extends AnyDatabase, Q> =
  DB extends IInstantDatabase<infer Schema>
    ? Q extends InstaQLParams<Schema> | undefined
      ? InstaQLResult<Schema, WithoutOptions<Q>>
      : never
    : never;

type EntitiesOf<DB> =
  DB extends IInstantDatabase<infer Schema> ? (Schema extends IContainEntitiesAndLinks<infer E, any> ? E : never) : never;

/** @deprecated Use `InstaQLEntity<typeof schema, EntityName>`. */
export type InstantEntity<
  DB extends AnyDatabase,
  EntityName extends keyof EntitiesOf<DB>,
  Query extends { [L in keyof EntitiesOf<DB>[EntityName]['links']]?: any } | {} = {},
> = DB extends IInstantDatabase<infer Schema> ? InstaQLEntity<Schema, EntityName, Query> : never;

/** @deprecated Use `IInstantDatabase<typeof schema>`. */
export type InstantSchemaDatabase<Schema extends AnySchemaDef, _T1 = any, _T2 = any> = IInstantDatabase<Schema>;
