// `i`, with which a program writes its schema down. The definitions it makes are in attr.ts, entity.ts, link.ts and definition.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- `i.any()` and `i.json()` are `any` to the program, by their contract */
/* eslint-disable @typescript-eslint/no-empty-object-type -- `{}` are the links or rooms of a schema that has none */

import { DataAttrDef } from './attr.ts';
import type { AttrsDefs } from './attr.ts';
import { InstantSchemaDef } from './definition.ts';
import type { UnknownRooms } from './definition.ts';
import { EntityDef } from './entity.ts';
import type { EntitiesDef } from './entity.ts';
import { withLinks } from './link.ts';
import type { EntitiesWithLinks, LinksDef } from './link.ts';
import type { RoomsDef } from './room.ts';

/**
 * A schema: entities, the links between them, and the rooms people meet in. Give it to `init` for types, and push it to the server for
 * indexes, uniqueness and checks. `id` is part of every entity and is never declared.
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
  // Left out, both are of their general type; the casts say so to the type parameters.
  const given = links ?? ({} as Links);
  return new InstantSchemaDef(withLinks(entities, given), given as LinksDef<any>, rooms ?? ({} as Rooms));
}

/**
 * A schema without rooms, from entities and links.
 *
 * @deprecated Use `i.schema`.
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
 * An entity, by its attributes. The same form describes the presence of a room and what its topics carry.
 *
 * @example
 * i.entity({ title: i.string(), dueAt: i.date().optional() })
 */
function entity<Attrs extends AttrsDefs>(attrs: Attrs): EntityDef<Attrs, {}, void> {
  return new EntityDef(attrs, {});
}

/**
 * Text; with a type argument, one of a few words.
 *
 * @example
 * i.entity({ title: i.string(), status: i.string<'open' | 'done'>() })
 */
function string<StringEnum extends string = string>(): DataAttrDef<StringEnum, true, false> {
  return new DataAttrDef('string', true, false);
}

/**
 * A number.
 *
 * @example
 * i.entity({ fee: i.number().indexed() })
 */
function number(): DataAttrDef<number, true, false> {
  return new DataAttrDef('number', true, false);
}

/**
 * True or false.
 *
 * @example
 * i.entity({ done: i.boolean() })
 */
function boolean(): DataAttrDef<boolean, true, false> {
  return new DataAttrDef('boolean', true, false);
}

/**
 * A point in time. Written as a `Date`, as text or as milliseconds; read as it was sent, or as a `Date` if `useDateObjects` is set.
 *
 * @example
 * i.entity({ createdAt: i.date().indexed() })
 */
function date(): DataAttrDef<Date, true, false> {
  return new DataAttrDef('date', true, false);
}

/**
 * Any JSON; say of what shape with the type argument.
 *
 * @example
 * i.entity({ rider: i.json<{ towels: number }>() })
 */
function json<T = any>(): DataAttrDef<T, true, false> {
  return new DataAttrDef('json', true, false);
}

/**
 * Any JSON, of no shape in particular.
 *
 * @example
 * i.entity({ notes: i.any().optional() })
 */
function any(): DataAttrDef<any, true, false> {
  return new DataAttrDef('json', true, false);
}

/**
 * Writes a schema down.
 *
 * @example
 * const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
 * const db = init({ appId, schema });
 */
export const i = { schema, graph, entity, string, number, boolean, date, json, any };
