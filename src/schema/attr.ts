// The definition of one attribute: what kind of value it holds, and what its modifiers say. The type of the value lives in the type
// parameters only; the runtime object is plain data (data-model.md 6.1). Entities are in entity.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every definition fits */

import type { IsUniqueOf, ValueOf } from './official.ts';

export type ValueTypes = 'string' | 'number' | 'boolean' | 'date' | 'json';
export type RequirementKind = true | false;

interface AttrConfig {
  readonly indexed: boolean;
  readonly unique: boolean;
}

/** One attribute of an entity. Made by `i.string()` and its kin; each modifier gives a new definition. */
export class DataAttrDef<ValueType, IsRequired extends RequirementKind, IsIndexed extends boolean, IsUnique extends boolean = false> {
  readonly valueType: ValueTypes;
  readonly required: IsRequired;
  readonly isIndexed: IsIndexed;
  readonly config: AttrConfig;
  readonly metadata: Record<string, unknown> = {};

  constructor(valueType: ValueTypes, required: IsRequired, isIndexed: IsIndexed, config: AttrConfig = { indexed: false, unique: false }) {
    this.valueType = valueType;
    this.required = required;
    this.isIndexed = isIndexed;
    this.config = config;
  }

  /**
   * Required in your program's types, optional to the server. For an attribute that old data still lacks.
   *
   * @deprecated Meant for the time it takes to fill in the old data; then drop it.
   * @example
   * i.entity({ title: i.string().clientRequired() })
   */
  clientRequired(): DataAttrDef<ValueType, true, IsIndexed, IsUnique> {
    // The type says required and the data says not: that difference is the whole modifier.
    return new DataAttrDef(this.valueType, false as boolean as true, this.isIndexed, this.config);
  }

  /**
   * The attribute may be missing or null.
   *
   * @example
   * i.entity({ dueAt: i.date().optional() })
   */
  optional(): DataAttrDef<ValueType, false, IsIndexed, IsUnique> {
    return new DataAttrDef(this.valueType, false, this.isIndexed, this.config);
  }

  /**
   * No two entities share a value, so one can be found by it: `tx.people.lookup('email', 'ana@example.com')`.
   *
   * @example
   * i.entity({ email: i.string().unique() })
   */
  unique(): DataAttrDef<ValueType, IsRequired, IsIndexed, true> {
    return new DataAttrDef(this.valueType, this.required, this.isIndexed, { ...this.config, unique: true });
  }

  /**
   * The server keeps an index, so a query can order by this attribute and use `$ilike`, `$gt` and the like on it.
   *
   * @example
   * i.entity({ fee: i.number().indexed() })
   */
  indexed(): DataAttrDef<ValueType, IsRequired, true, IsUnique> {
    return new DataAttrDef(this.valueType, this.required, true, { ...this.config, indexed: true });
  }
}

export type AttrsDefs = Record<string, DataAttrDef<any, any, any, boolean>>;

type KeyIf<Trait, Wanted, Key> = Trait extends Wanted ? Key : never;

type UniqueTrait<Def> = Def extends DataAttrDef<any, any, any, infer IsUnique> ? IsUniqueOf<Def, IsUnique> : never;

/** The type of an attribute's values, dates as `Date`. */
export type AttrValue<Def> = Def extends DataAttrDef<infer Value, any, any, any> ? ValueOf<Def, Value> : never;

// A definition of which a trait is not known (`boolean`) is among those that have it and among those that do not.

export type RequiredKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<Attrs[K]['required'], true, K> }[keyof Attrs];
export type OptionalKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<Attrs[K]['required'], false, K> }[keyof Attrs];
export type IndexedKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<Attrs[K]['isIndexed'], true, K> }[keyof Attrs];
export type UniqueKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<UniqueTrait<Attrs[K]>, true, K> }[keyof Attrs];

/** A value as it is read: dates come as they were sent, unless `useDateObjects` is set. */
type ReadValue<Value, UseDates extends boolean> = Value extends Date ? (UseDates extends true ? Value : string | number) : Value;

type ReadAttr<Def, UseDates extends boolean> =
  Def extends DataAttrDef<any, any, any, boolean> ? ReadValue<AttrValue<Def>, UseDates> : never;

/** The attributes of an entity as they are read: the required ones present, the optional ones perhaps. */
export type ReadAttrs<Attrs extends AttrsDefs, UseDates extends boolean> = {
  [K in RequiredKeys<Attrs>]: ReadAttr<Attrs[K], UseDates>;
} & {
  [K in OptionalKeys<Attrs>]?: ReadAttr<Attrs[K], UseDates>;
};
