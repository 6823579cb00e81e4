// `i`, the schema builder. The definitions it creates are in attr.ts, entity.ts, link.ts and definition.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- `i.any()` and `i.json()` are `any` to the program, by their contract */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` are the links or rooms of a schema that has none */

import { type AttrsDefs, DataAttrDef } from './attr.ts';
import { InstantSchemaDef, type UnknownRooms } from './definition.ts';
import { type EntitiesDef, EntityDef } from './entity.ts';
import { type EntitiesWithLinks, type LinksDef, withLinks } from './link.ts';
import type { RoomsDef } from './room.ts';

/**
 * Defines a schema: entities, the links between them, and rooms. Pass it to `init` for types, and push it to the server for indexes,
 * uniqueness and type checks. Every entity has an `id`, which is not declared.
 *
 * @example
 * const schema = i.schema({
 *   entities: {
 *     acts: i.entity({ name: i.string().unique().indexed(), fee: i.number().optional() }),
 *     sets: i.entity({ title: i.string() }),
 *   },
 *   links: {
 *     setAct: {
 *       forward: { on: 'sets', has: 'one', label: 'act' },
 *       reverse: { on: 'acts', has: 'many', label: 'sets' },
 *     },
 *   },
 *   rooms: {
 *     backstage: { presence: i.entity({ nick: i.string() }) },
 *   },
 * });
 */
function schema<EntitiesWithoutLinks extends EntitiesDef, const Links extends LinksDef<EntitiesWithoutLinks>, Rooms extends RoomsDef = {}>({
  entities,
  links,
  rooms,
}: {
  entities: EntitiesWithoutLinks;
  links?: Links;
  rooms?: Rooms;
}): InstantSchemaDef<EntitiesWithLinks<EntitiesWithoutLinks, Links>, LinksDef<any>, Rooms> {
  // If omitted, both have their general type; the casts tell the type parameters.
  const given = links ?? ({} as Links);
  return new InstantSchemaDef(withLinks(entities, given), given as LinksDef<any>, rooms ?? ({} as Rooms));
}

/**
 * Defines a schema without rooms from entities and links.
 *
 * @deprecated Use `i.schema`.
 *
 * @example
 * i.graph({ acts: i.entity({ name: i.string() }) }, {})
 */
function graph<EntitiesWithoutLinks extends EntitiesDef, const Links extends LinksDef<EntitiesWithoutLinks>>(
  entities: EntitiesWithoutLinks,
  links: Links,
): InstantSchemaDef<EntitiesWithLinks<EntitiesWithoutLinks, Links>, LinksDef<any>, UnknownRooms> {
  return new InstantSchemaDef(withLinks(entities, links), links as LinksDef<any>, {});
}

/**
 * Defines an entity by its attributes. Also used for the presence of a room and the payload of its topics.
 *
 * @example
 * i.entity({ title: i.string(), dueAt: i.date().optional() })
 */
function entity<Attrs extends AttrsDefs>(attrs: Attrs): EntityDef<Attrs, {}, void> {
  return new EntityDef(attrs, {});
}

/**
 * A string attribute; the type argument restricts it to certain strings.
 *
 * @example
 * i.entity({ title: i.string(), status: i.string<'open' | 'done'>() })
 */
function string<StringEnum extends string = string>(): DataAttrDef<StringEnum, true, false> {
  return new DataAttrDef('string', true, false);
}

/**
 * A number attribute.
 *
 * @example
 * i.entity({ fee: i.number().indexed() })
 */
function number(): DataAttrDef<number, true, false> {
  return new DataAttrDef('number', true, false);
}

/**
 * A boolean attribute.
 *
 * @example
 * i.entity({ done: i.boolean() })
 */
function boolean(): DataAttrDef<boolean, true, false> {
  return new DataAttrDef('boolean', true, false);
}

/**
 * A date attribute. Write a `Date`, an ISO string or milliseconds; results contain the value as it was sent, or a `Date` if
 * `useDateObjects` is set.
 *
 * @example
 * i.entity({ createdAt: i.date().indexed() })
 */
function date(): DataAttrDef<Date, true, false> {
  return new DataAttrDef('date', true, false);
}

/**
 * A JSON attribute; the type argument gives its shape.
 *
 * @example
 * i.entity({ rider: i.json<{ towels: number }>() })
 */
function json<T = any>(): DataAttrDef<T, true, false> {
  return new DataAttrDef('json', true, false);
}

/**
 * A JSON attribute of any shape.
 *
 * @example
 * i.entity({ notes: i.any().optional() })
 */
function any(): DataAttrDef<any, true, false> {
  return new DataAttrDef('json', true, false);
}

/**
 * The schema builder.
 *
 * @example
 * const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
 * const db = init({ appId, schema });
 */
export const i = { schema, graph, entity, string, number, boolean, date, json, any };
