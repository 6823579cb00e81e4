// Parses the JSON of a schema, as `JSON.stringify(schema)` writes it. Value types and modifiers are preserved, TypeScript types are not.

import { DataAttrDef, type ValueTypes } from './attr.ts';
import { i } from './builder.ts';
import type { AnySchemaDef } from './definition.ts';
import type { AnyEntity, EntitiesDef } from './entity.ts';
import type { LinksDef } from './link.ts';

interface AttrJson {
  readonly valueType?: string;
  readonly required?: boolean;
  readonly config?: { readonly indexed?: boolean; readonly unique?: boolean };
}

interface EntityJson {
  readonly attrs: Readonly<Record<string, AttrJson>>;
}

interface RoomJson {
  readonly presence: EntityJson;
  readonly topics?: Readonly<Record<string, EntityJson>>;
}

interface SchemaJson {
  readonly entities: Readonly<Record<string, EntityJson>>;
  readonly links?: LinksDef<EntitiesDef> | null;
  readonly rooms?: Readonly<Record<string, RoomJson>> | null;
}

const VALUE_TYPES: ReadonlySet<string | undefined> = new Set<ValueTypes>(['string', 'number', 'boolean', 'date', 'json']);

function isValueType(text: string | undefined): text is ValueTypes {
  return VALUE_TYPES.has(text);
}

function mapValues<From, To>(record: Readonly<Record<string, From>> | null | undefined, read: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record ?? {}).map(([key, value]) => [key, read(value)]));
}

function readAttrDef({ valueType, required, config }: AttrJson): DataAttrDef<unknown, boolean, boolean, boolean> {
  const indexed = config?.indexed === true;
  // An unknown value type comes from a newer server; its values are JSON in any case.
  const kind = isValueType(valueType) ? valueType : 'json';
  return new DataAttrDef<unknown, boolean, boolean, boolean>(kind, required === true, indexed, {
    indexed,
    unique: config?.unique === true,
  });
}

function readEntityDef({ attrs }: EntityJson): AnyEntity {
  return i.entity(mapValues(attrs, readAttrDef));
}

function isSchemaJson(json: unknown): json is SchemaJson {
  return typeof json === 'object' && json !== null && 'entities' in json && typeof json.entities === 'object';
}

/**
 * Creates a schema from its JSON.
 *
 * @param json the parsed output of `JSON.stringify(schema)`
 * @throws TypeError if the value is not the JSON of a schema
 *
 * @example
 * const schema = parseSchemaFromJSON(JSON.parse(await readFile('schema.json', 'utf8')));
 */
export function parseSchemaFromJSON(json: unknown): AnySchemaDef {
  if (!isSchemaJson(json)) throw new TypeError('parseSchemaFromJSON: expected an object with `entities`');
  const { entities, links, rooms } = json;
  return i.schema({
    entities: mapValues(entities, readEntityDef),
    links: links ?? {},
    rooms: mapValues(rooms, (room) => ({ presence: readEntityDef(room.presence), topics: mapValues(room.topics, readEntityDef) })),
  });
}
