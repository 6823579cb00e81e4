// The type of `where` for `satisfies InstaQLParams<Schema>`: attributes with their operators, `id`, `and`, `or`, and dotted paths. Paths
// are checked loosely here and strictly in valid-query.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- the value at the end of a dotted path is not known here */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` adds no operator to an intersection */

import type { AnyEntity, AnySchema, DataAttrDef, IsAny, NonEmpty } from '../schema/schema.ts';

/** Operators available for every attribute. */
export interface Comparisons<Value> {
  $in?: Value[];
  /** @deprecated Use `$in`. */
  in?: Value[];
  $ne?: Value;
  /** @deprecated Use `$ne`. */
  $not?: Value;
  $gt?: Value;
  $gte?: Value;
  $lt?: Value;
  $lte?: Value;
}

interface LikeOperator {
  $like?: string;
}

interface IlikeOperator {
  $ilike?: string;
}

interface NullOperator {
  $isNull?: boolean;
}

type OperatorName = keyof Comparisons<unknown> | keyof LikeOperator | keyof IlikeOperator | keyof NullOperator;

/** Operators that depend on the attribute: `$like` for strings, `$ilike` for indexed and `$isNull` for optional attributes. */
type SpecialOperators<Value, IsRequired, IsIndexed> =
  IsAny<Value> extends true
    ? LikeOperator & IlikeOperator & NullOperator
    : (Value extends string ? LikeOperator : {}) &
        (IsRequired extends false ? NullOperator : {}) &
        (IsIndexed extends true ? IlikeOperator : {});

type Operators<Value, IsRequired, IsIndexed> = Comparisons<Value> & SpecialOperators<Value, IsRequired, IsIndexed>;

/** The operators of an attribute, or `never` if `Input` has a key that is not an operator. */
export type OperatorsFor<Input, Value, IsRequired, IsIndexed> = keyof Input extends OperatorName
  ? Operators<Value, IsRequired, IsIndexed>
  : never;

type AnyAttr = DataAttrDef<any, boolean, boolean, boolean>;

/** A value of an attribute, or at least one operator on it. */
type Condition<Def> =
  Def extends DataAttrDef<infer Value, infer IsRequired, infer IsIndexed, boolean>
    ? (IsAny<Value> extends true ? string | number | boolean : Value) | NonEmpty<Operators<Value, IsRequired, IsIndexed>>
    : never;

/** A condition on an attribute without a known definition. */
type LooseCondition = Condition<DataAttrDef<any, false, true, boolean>>;

interface Alternatives<Attrs extends Record<PropertyKey, AnyAttr>> {
  // An attribute may itself be called `or` or `and`.
  or?: Clauses<Attrs>[] | LooseCondition;
  and?: Clauses<Attrs>[] | LooseCondition;
}

type AttrConditions<Attrs extends Record<PropertyKey, AnyAttr>> = { [K in keyof Attrs]?: Condition<Attrs[K]> };

type Clauses<Attrs extends Record<PropertyKey, AnyAttr>> = (Alternatives<Attrs> | (Alternatives<Attrs> & AttrConditions<Attrs>)) & {
  id?: Condition<DataAttrDef<string, false, true, boolean>>;
  [path: `${string}.${string}`]: LooseCondition;
};

type DefsOf<Def> = Def extends AnyEntity ? Def['attrs'] : never;

/** The conditions that can be applied to an entity. */
export type Where<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = Clauses<DefsOf<Schema['entities'][EntityName]>>;
