// Links between entities as a schema declares them, and their assignment to the entities at both ends: as types (`EntitiesWithLinks`) and
// at run time (`withLinks`).

/* eslint-disable @typescript-eslint/no-explicit-any -- as a constraint, `any` is the one type argument that every definition fits */
/* eslint-disable @typescript-eslint/no-empty-object-type -- an entity without links has the links `{}` */

import type { RequirementKind } from './attr.ts';
import { type AsTypeOf, type CardinalityKind, type EntitiesDef, EntityDef, LinkAttrDef } from './entity.ts';

/** A link and its two ends; each end names the entity it is `on`, its `label` there, and its cardinality (`has`). */
export type LinkDef<
  Entities extends EntitiesDef,
  FwdEntity extends keyof Entities,
  FwdAttr extends string,
  FwdCardinality extends CardinalityKind,
  RevEntity extends keyof Entities,
  RevAttr extends string,
  RevCardinality extends CardinalityKind,
> = {
  forward: { on: FwdEntity; label: FwdAttr; has: FwdCardinality; required?: RequirementKind; onDelete?: 'cascade' };
  reverse: { on: RevEntity; label: RevAttr; has: RevCardinality; onDelete?: 'cascade' };
};

export type LinksDef<Entities extends EntitiesDef> = Record<
  string,
  LinkDef<Entities, keyof Entities, string, CardinalityKind, keyof Entities, string, CardinalityKind>
>;

type OtherEnd = { forward: 'reverse'; reverse: 'forward' };

/** The labels that `Links` define on the entity `Name` at one of their two ends. */
type LinkEnds<Name, Links extends LinksDef<any>, End extends keyof OtherEnd> = {
  [L in keyof Links as Links[L][End]['on'] extends Name ? Links[L][End]['label'] : never]: {
    entityName: Links[L][OtherEnd[End]]['on'];
    cardinality: Links[L][End]['has'];
  };
};

/** True if there are no links or only their general type is known; labels are unknown then. */
type IsUnlisted<Links> = keyof Links extends never ? true : string extends keyof Links ? true : false;

type LinksOn<Name, Links extends LinksDef<any>> =
  IsUnlisted<Links> extends true ? {} : LinkEnds<Name, Links, 'forward'> & LinkEnds<Name, Links, 'reverse'>;

/** The entities of a schema with their links. */
export type EntitiesWithLinks<Entities extends EntitiesDef, Links extends LinksDef<Entities>> = {
  [Name in keyof Entities]: EntityDef<Entities[Name]['attrs'], LinksOn<Name, Links>, AsTypeOf<Entities[Name]>>;
};

/** The run-time counterpart of `EntitiesWithLinks`. If two ends have the same label on one entity, the reverse end wins. */
export function withLinks<Entities extends EntitiesDef, const Links extends LinksDef<Entities>>(
  entities: Entities,
  links: Links,
): EntitiesWithLinks<Entities, Links> {
  const ends = new Map<PropertyKey, Record<string, LinkAttrDef<CardinalityKind, string>>>();
  const put = (on: PropertyKey, label: string, has: CardinalityKind, target: PropertyKey) => {
    ends.set(on, { ...ends.get(on), [label]: new LinkAttrDef(has, String(target)) });
  };
  for (const { forward, reverse } of Object.values(links)) put(forward.on, forward.label, forward.has, reverse.on);
  for (const { forward, reverse } of Object.values(links)) put(reverse.on, reverse.label, reverse.has, forward.on);
  const linked = Object.entries(entities).map(([name, { attrs }]) => [name, new EntityDef(attrs, ends.get(name) ?? {})]);
  return Object.fromEntries(linked) as EntitiesWithLinks<Entities, Links>;
}
