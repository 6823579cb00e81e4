// The strict query type of `subscribeQuery`, `queryOnce` and the hooks: `Q extends ValidQuery<Q, Schema>`. It inspects the literal type of
// the query, so that unknown keys, dotted paths and the values at their ends are checked too.
//
// An invalid key turns its whole level into `never`, which makes the compiler point at it.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every query fits */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` adds no option to an intersection */

import type { AnySchema, At, DataAttrDef, InstantUnknownSchemaDef, NonEmpty } from '../schema/schema.ts';
import type { FieldName, InstaQLParams, Order, Paging } from './query.ts';
import type { OperatorsFor } from './where.ts';

type AttrsOf<Schema extends AnySchema, Name extends keyof Schema['entities']> = Schema['entities'][Name]['attrs'];
type LinksOf<Schema extends AnySchema, Name extends keyof Schema['entities']> = Schema['entities'][Name]['links'];

/** The definition of `id`, and of a link compared with the ids of its targets. */
type IdDef = DataAttrDef<string, false, false, boolean>;

/** The target of each link of `Name`. Computed once, so that paths are matched against plain keys. */
type Targets<Schema extends AnySchema, Name extends keyof Schema['entities']> = {
  [L in keyof LinksOf<Schema, Name>]: LinksOf<Schema, Name>[L]['entityName'];
};

type Printable<Key> = Extract<Key, string | number>;

/**
 * The path itself if it leads to an attribute, an id or a link; otherwise the labels it could start with. Testing `Links` first makes the
 * compiler defer an unresolved schema: a wrapper that is generic over the schema compiles in half the time.
 */
type CheckedPath<Path, Links, Schema extends AnySchema> = Links extends object
  ? Path extends keyof Links
    ? Path
    : Path extends `${infer Label}.${infer Rest}`
      ? Label extends keyof Links
        ? Links[Label] extends keyof Schema['entities']
          ? `${Label}.${CheckedPath<Rest, Targets<Schema, Links[Label]>, Schema> | Printable<keyof AttrsOf<Schema, Links[Label]>> | 'id'}`
          : string & keyof Links
        : string & keyof Links
      : string & keyof Links
  : never;

/** The definition a path leads to. */
type DefAt<Path, Schema extends AnySchema, Name extends keyof Schema['entities']> = Path extends keyof AttrsOf<Schema, Name>
  ? AttrsOf<Schema, Name>[Path]
  : Path extends 'id'
    ? IdDef
    : Path extends `${infer Label}.${infer Rest}`
      ? Label extends keyof LinksOf<Schema, Name>
        ? DefAt<Rest, Schema, LinksOf<Schema, Name>[Label]['entityName']>
        : never
      : Path extends keyof LinksOf<Schema, Name>
        ? IdDef
        : never;

/** A value of the attribute, or operators on it. */
type CheckedCondition<Input, Def> =
  Def extends DataAttrDef<infer Value, infer IsRequired, infer IsIndexed, boolean>
    ? Input extends Value
      ? Value
      : NonEmpty<OperatorsFor<Input, Value, IsRequired, IsIndexed>>
    : never;

/** Prevents distribution over a union. */
type Whole<T> = [T] extends [any] ? T : never;

type CheckedList<Input, Key extends string, Schema extends AnySchema, Name extends keyof Schema['entities']> = Input extends {
  [K in Key]: Array<infer Item extends { [key: string]: any } | undefined>;
}
  ? CheckedWhere<Whole<Item>, Schema, Name>[]
  : never;

type CheckedWhere<
  Input extends { [key: string]: any } | undefined,
  Schema extends AnySchema,
  Name extends keyof Schema['entities'],
> = Input extends undefined
  ? undefined
  : keyof Input extends CheckedPath<keyof Input, Targets<Schema, Name>, Schema> | keyof AttrsOf<Schema, Name> | 'and' | 'or' | 'id'
    ? { [P in CheckedPath<keyof Input, Targets<Schema, Name>, Schema>]?: CheckedCondition<Input[P], DefAt<P, Schema, Name>> } & {
        [K in keyof AttrsOf<Schema, Name>]?: CheckedCondition<Input[K], AttrsOf<Schema, Name>[K]>;
      } & {
        and?: CheckedList<Input, 'and', Schema, Name>;
        or?: CheckedList<Input, 'or', Schema, Name>;
        id?: CheckedCondition<At<Input, 'id'>, IdDef>;
      }
    : never;

type OptionName<IsTop extends boolean> = 'where' | 'fields' | 'order' | 'limit' | (IsTop extends true ? keyof Paging : never);

type CheckedOptions<
  Input extends { [key: string]: any },
  Schema extends AnySchema,
  Name extends keyof Schema['entities'],
  IsTop extends boolean,
> =
  keyof Input extends OptionName<IsTop>
    ? {
        where?: CheckedWhere<Input['where'], Schema, Name>;
        fields?: FieldName<Schema, Name>[];
        order?: Order<Schema, Name>;
        limit?: number;
      } & (IsTop extends true ? Paging : {})
    : never;

type CheckedNode<
  Input extends Record<string, any>,
  Schema extends AnySchema,
  Name extends keyof Schema['entities'],
  IsTop extends boolean,
> = keyof Input extends keyof LinksOf<Schema, Name> | '$'
  ? { [L in keyof LinksOf<Schema, Name>]?: CheckedNode<Input[L], Schema, LinksOf<Schema, Name>[L]['entityName'], false> } & {
      $?: CheckedOptions<Input['$'], Schema, Name, IsTop>;
    }
  : never;

/**
 * The constraint `Q` has to satisfy to fit the schema `S`.
 *
 * @example
 * declare function subscribe<Q extends ValidQuery<Q, typeof schema>>(query: Q): void;
 */
export type ValidQuery<Q extends Record<string, any>, S extends AnySchema> = S extends InstantUnknownSchemaDef
  ? InstaQLParams<S>
  : keyof Q extends keyof S['entities']
    ? { [K in keyof S['entities']]?: CheckedNode<Q[K], S, K, true> }
    : never;
