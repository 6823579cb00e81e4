// The public entry of the schema folder: the builder `i`, its definitions, and derived types. Types of queries, results and transactions
// are in types/.

export { i } from './builder.ts';
export { parseSchemaFromJSON } from './json.ts';
export { linkIndex } from './link-index.ts';
export type { IndexedLink, LinkIndex } from './link-index.ts';

export { DataAttrDef } from './attr.ts';
export type { AttrsDefs, IndexedKeys, OptionalKeys, RequiredKeys, RequirementKind, UniqueKeys, ValueTypes } from './attr.ts';

export { EntityDef, LinkAttrDef } from './entity.ts';
export type { AnyEntity, CardinalityKind, EntitiesDef, ResolveAttrs, ResolveEntityAttrs } from './entity.ts';

export type { EntitiesWithLinks, LinkDef, LinksDef } from './link.ts';
export type { RoomSchemaShape, RoomsDef, RoomsFromDef } from './room.ts';

export { InstantGraph, InstantSchemaDef } from './definition.ts';
export type {
  AnySchema,
  AnySchemaDef,
  BackwardsCompatibleSchema,
  IContainEntitiesAndLinks,
  InstantUnknownSchema,
  InstantUnknownSchemaDef,
} from './definition.ts';

export type { At, Expand, IsAny, NonEmpty } from './expand.ts';
