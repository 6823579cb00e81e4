// The definition of an entity: its attributes, and the links it takes part in, seen from its side. link.ts fills in the links.

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every definition fits */

import type { AttrsDefs, ReadAttrs } from './attr.ts';

export type CardinalityKind = 'one' | 'many';

/** One end of a link: the target entity and the cardinality. */
export class LinkAttrDef<Cardinality extends CardinalityKind, EntityName extends string> {
  readonly cardinality: Cardinality;
  readonly entityName: EntityName;

  constructor(cardinality: Cardinality, entityName: EntityName) {
    this.cardinality = cardinality;
    this.entityName = entityName;
  }
}

/** The attributes and links of one entity. Created with `i.entity`. */
export class EntityDef<Attrs extends AttrsDefs, Links extends Record<string, LinkAttrDef<any, any>>, _AsType> {
  readonly attrs: Attrs;
  readonly links: Links;

  constructor(attrs: Attrs, links: Links) {
    this.attrs = attrs;
    this.links = links;
  }

  /**
   * Narrows the types of some attributes. No effect at run time.
   *
   * @example
   * i.entity({ status: i.string() }).asType<{ status: 'open' | 'done' }>()
   */
  asType<_AsType extends Partial<ReadAttrs<Attrs, boolean>>>(): EntityDef<Attrs, Links, _AsType> {
    return new EntityDef(this.attrs, this.links);
  }
}

export type AnyEntity = EntityDef<any, any, any>;
export type EntitiesDef = Record<string, AnyEntity>;

/** The type argument of `asType`; `void` if it was not called. */
export type AsTypeOf<Def> = Def extends EntityDef<any, any, infer AsType> ? AsType : void;

type WithOverrides<Attrs, AsType> = AsType extends void ? Attrs : Omit<Attrs, keyof AsType> & AsType;

/** The attributes of an entity in query results, without `id` and links. */
export type ResolveEntityAttrs<Def extends AnyEntity, UseDates extends boolean = false> = WithOverrides<
  ReadAttrs<Def['attrs'], UseDates>,
  AsTypeOf<Def>
>;

/** The attributes of the entity named `EntityName` in query results, without `id` and links. */
export type ResolveAttrs<Entities extends EntitiesDef, EntityName extends keyof Entities, UseDates extends boolean> = ResolveEntityAttrs<
  Entities[EntityName],
  UseDates
>;
