// The definition of one attribute: its value type and modifiers. The TypeScript type of the value exists only in the type parameters; the
// runtime object is plain data. Entities are defined in entity.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every definition fits */

export type ValueTypes = 'string' | 'number' | 'boolean' | 'date' | 'json';
export type RequirementKind = true | false;

interface AttrConfig {
  readonly indexed: boolean;
  readonly unique: boolean;
}

/** An attribute of an entity. Created by `i.string()`, `i.number()` and so on; each modifier returns a new definition. */
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
   * Makes the attribute required in TypeScript types but optional on the server, for an attribute that existing data still lacks.
   *
   * @deprecated Meant for the transition while existing data is filled in; remove it afterwards.
   *
   * @example
   * i.entity({ title: i.string().clientRequired() })
   */
  clientRequired(): DataAttrDef<ValueType, true, IsIndexed, IsUnique> {
    // The type says required, the runtime data says optional: the difference is the purpose of this modifier.
    return new DataAttrDef(this.valueType, false as boolean as true, this.isIndexed, this.config);
  }

  /**
   * Allows the attribute to be missing or null.
   *
   * @example
   * i.entity({ dueAt: i.date().optional() })
   */
  optional(): DataAttrDef<ValueType, false, IsIndexed, IsUnique> {
    return new DataAttrDef(this.valueType, false, this.isIndexed, this.config);
  }

  /**
   * Requires distinct values, so that the attribute can be used for lookups: `tx.people.lookup('email', 'ana@example.com')`.
   *
   * @example
   * i.entity({ email: i.string().unique() })
   */
  unique(): DataAttrDef<ValueType, IsRequired, IsIndexed, true> {
    return new DataAttrDef(this.valueType, this.required, this.isIndexed, { ...this.config, unique: true });
  }

  /**
   * Makes the server index the attribute, so that queries can order by it and use operators such as `$ilike` and `$gt`.
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

type UniqueTrait<Def> = Def extends DataAttrDef<any, any, any, infer IsUnique> ? IsUnique : never;

// A definition with an unknown trait (`boolean`) is included both in the keys that have the trait and in those that lack it.

export type RequiredKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<Attrs[K]['required'], true, K> }[keyof Attrs];
export type OptionalKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<Attrs[K]['required'], false, K> }[keyof Attrs];
export type IndexedKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<Attrs[K]['isIndexed'], true, K> }[keyof Attrs];
export type UniqueKeys<Attrs extends AttrsDefs> = { [K in keyof Attrs]: KeyIf<UniqueTrait<Attrs[K]>, true, K> }[keyof Attrs];

/** The type of a value in results: dates have the form they were sent in, unless `useDateObjects` is set. */
type ReadValue<Value, UseDates extends boolean> = Value extends Date ? (UseDates extends true ? Value : string | number) : Value;

type ReadAttr<Def, UseDates extends boolean> = Def extends DataAttrDef<infer Value, any, any, boolean> ? ReadValue<Value, UseDates> : never;

/** The attributes of an entity in results, with optional attributes as optional keys. */
export type ReadAttrs<Attrs extends AttrsDefs, UseDates extends boolean> = {
  [K in RequiredKeys<Attrs>]: ReadAttr<Attrs[K], UseDates>;
} & {
  [K in OptionalKeys<Attrs>]?: ReadAttr<Attrs[K], UseDates>;
};
