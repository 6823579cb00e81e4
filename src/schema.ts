// The schema: how a program writes it down (`i`), what it is made of, and what else is read off it. Types of queries, results and
// transactions, which are inferred from a schema, are in types/.

export { i } from './schema/builder.ts';
export { parseSchemaFromJSON } from './schema/json.ts';
export { linkIndex } from './schema/link-index.ts';
export type { IndexedLink, LinkIndex } from './schema/link-index.ts';

export { DataAttrDef } from './schema/attr.ts';
export type { AttrsDefs, IndexedKeys, OptionalKeys, RequiredKeys, RequirementKind, UniqueKeys, ValueTypes } from './schema/attr.ts';

export { EntityDef, LinkAttrDef } from './schema/entity.ts';
export type { AnyEntity, CardinalityKind, EntitiesDef, ResolveAttrs, ResolveEntityAttrs } from './schema/entity.ts';

export type { EntitiesWithLinks, LinkDef, LinksDef } from './schema/link.ts';
export type { RoomSchemaShape, RoomsDef, RoomsFromDef } from './schema/room.ts';

export { InstantGraph, InstantSchemaDef } from './schema/definition.ts';
export type {
  AnySchema,
  AnySchemaDef,
  BackwardsCompatibleSchema,
  IContainEntitiesAndLinks,
  InstantUnknownSchema,
  InstantUnknownSchemaDef,
} from './schema/definition.ts';

export type { At, Expand, IsAny, NonEmpty } from './schema/expand.ts';
