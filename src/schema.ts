// The schema builder `i`: what an app's data looks like, said once. The types of queries, results and writes are
// inferred from it (`types/`).

import {
  type AttrsDefs,
  type CardinalityKind,
  DataAttrDef,
  type EntitiesDef,
  EntityDef,
  InstantSchemaDef,
  LinkAttrDef,
  type LinksDef,
  type RoomsDef,
  type ValueTypes,
} from './schema/definitions.ts';
import type { EntitiesWithLinks, UnknownRooms } from './types/schema.ts';

export { type IndexedLink, type LinkIndex, linkIndex } from './schema/link-index.ts';
export { DataAttrDef, EntityDef, InstantSchemaDef, LinkAttrDef } from './schema/definitions.ts';

const attribute = <Value>(valueType: ValueTypes): DataAttrDef<Value, true, false> => new DataAttrDef(valueType, true, false);

/** One namespace. `i.entity({ title: i.string(), done: i.boolean().optional() })` */
function entity<Attrs extends AttrsDefs>(attrs: Attrs): EntityDef<Attrs, {}, void> {
  return new EntityDef(attrs, {});
}

function schema<Entities extends EntitiesDef, const Links extends LinksDef<Entities> = {}, Rooms extends RoomsDef = {}>(parts: {
  readonly entities: Entities;
  readonly links?: Links;
  readonly rooms?: Rooms;
}): InstantSchemaDef<EntitiesWithLinks<Entities, Links>, LinksDef<EntitiesDef>, Rooms> {
  const links = (parts.links ?? {}) as LinksDef<EntitiesDef>;
  const entities = withLinks(parts.entities, links) as EntitiesWithLinks<Entities, Links>;
  return new InstantSchemaDef(entities, links, (parts.rooms ?? {}) as Rooms);
}

function graph<Entities extends EntitiesDef, const Links extends LinksDef<Entities>>(
  entities: Entities,
  links: Links,
): InstantSchemaDef<EntitiesWithLinks<Entities, Links>, LinksDef<EntitiesDef>, UnknownRooms> {
  return schema({ entities, links, rooms: {} as UnknownRooms });
}

function withLinks(entities: EntitiesDef, links: LinksDef<EntitiesDef>): EntitiesDef {
  const ofEntity: Record<string, Record<string, LinkAttrDef<CardinalityKind, string>>> = {};
  for (const side of ['forward', 'reverse'] as const) {
    const other = side === 'forward' ? 'reverse' : 'forward';
    for (const link of Object.values(links)) {
      (ofEntity[link[side].on] ??= {})[link[side].label] = new LinkAttrDef(link[side].has, link[other].on);
    }
  }
  return Object.fromEntries(
    Object.entries(entities).map(([name, def]) => [name, new EntityDef(def.attrs as AttrsDefs, ofEntity[name] ?? {})]),
  );
}

/**
 * The schema builder.
 *
 * @example
 * const schema = i.schema({
 *   entities: {
 *     goals: i.entity({ title: i.string().indexed(), due: i.date().optional() }),
 *     todos: i.entity({ text: i.string(), done: i.boolean() }),
 *   },
 *   links: {
 *     goalTodos: {
 *       forward: { on: 'todos', has: 'one', label: 'goal', onDelete: 'cascade' },
 *       reverse: { on: 'goals', has: 'many', label: 'todos' },
 *     },
 *   },
 * });
 */
export const i = {
  schema,
  entity,
  /** Text; `i.string<'a' | 'b'>()` narrows it in types. */
  string: <Text extends string = string>(): DataAttrDef<Text, true, false> => attribute<Text>('string'),
  number: (): DataAttrDef<number, true, false> => attribute<number>('number'),
  boolean: (): DataAttrDef<boolean, true, false> => attribute<boolean>('boolean'),
  /** An instant; read back as it was written, or as a `Date` with `useDateObjects`. */
  date: (): DataAttrDef<Date, true, false> => attribute<Date>('date'),
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what JSON holds is the user's to say
  json: <Value = any>(): DataAttrDef<Value, true, false> => attribute<Value>('json'),
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its name says so
  any: (): DataAttrDef<any, true, false> => attribute('json'),
  /** @deprecated Use `i.schema`. */
  graph,
};
