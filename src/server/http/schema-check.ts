// Validates a schema before it is applied: its form, and whether its links are possible.

import { isObject } from '../../lib/json.ts';
import type { Attrs } from '../../db/attrs.ts';
import { type Fault, invalid } from '../errors.ts';

/** Otherwise arbitrary JSON would pass as an almost empty schema. @throws InstantAPIError with every fault */
export function checkSchema(given: unknown, attrs: Attrs): void {
  const entities: unknown = isObject(given) ? given.entities : undefined;
  if (!isObject(given) || !isObject(entities))
    throw invalid('schema', given, [{ in: ['entities'], message: 'must be an object of entities' }]);
  for (const [etype, entity] of Object.entries(entities)) {
    if (isObject(entity) && isObject(entity.attrs) && Object.values(entity.attrs).every(isObject)) continue;
    throw invalid('schema', given, [{ in: ['entities', etype], message: 'must be an object with attrs' }]);
  }
  const links = given.links ?? {};
  if (!isObject(links)) throw invalid('schema', given, [{ in: ['links'], message: 'must be an object of links' }]);
  const faults = [
    ...Object.entries(links).flatMap(([name, link]) => linkFaults(name, link, (etype) => isPossibleEntity(etype, attrs))),
    ...labelFaults(links, entities),
  ];
  if (faults.length > 0) throw invalid('schema', 'plan', faults);
}

/**
 * For a schema that a program holds as a whole: a link to an entity that it does not list is a typing error. Schemas sent by other tools are
 * accepted with such links, as by InstantDB.
 *
 * @throws InstantAPIError with every fault
 */
export function checkLinkedEntities(schema: unknown): void {
  const faults = unlistedEnds(schema);
  if (faults.length > 0) throw invalid('schema', 'plan', faults);
}

/** The ends of links at entities that the schema does not list and that are not the system's. */
export function unlistedEnds(schema: unknown): Fault[] {
  const { entities, links } = isObject(schema) ? schema : {};
  if (!isObject(entities) || !isObject(links)) return [];
  return Object.entries(links).flatMap(([name, link]) =>
    (['forward', 'reverse'] as const).flatMap((side) => {
      const on = endOf(link, side)?.on;
      if (on === undefined || on.startsWith('$') || Object.hasOwn(entities, on)) return [];
      return [{ in: ['links', name, side, 'on'], message: `the schema has no entity '${on}'` }];
    }),
  );
}

/** An entity need not be listed to be linked: its attributes come with its first row. Those of the system are there from the start. */
function isPossibleEntity(etype: string, attrs: Attrs): boolean {
  return !etype.startsWith('$') || attrs.forward(etype, 'id') !== undefined;
}

interface End {
  readonly on: string;
  readonly label: string;
}

function endOf(link: unknown, side: 'forward' | 'reverse'): (End & Readonly<Record<string, unknown>>) | undefined {
  const end = isObject(link) ? link[side] : undefined;
  return isObject(end) && typeof end.on === 'string' && typeof end.label === 'string' && end.label !== ''
    ? { ...end, on: end.on, label: end.label }
    : undefined;
}

function linkFaults(name: string, link: unknown, isPossible: (etype: string) => boolean): Fault[] {
  return (['forward', 'reverse'] as const).flatMap((side) => {
    const end = endOf(link, side);
    if (!end) return [fault(`link ${name}: ${side} must have an entity (on) and a label`)];
    const { on, label, has, required, onDelete } = end;
    const where = `${on}->${label}`;
    const faults: Fault[] = [];
    if (!isPossible(on)) faults.push(fault(`${where}: the system has no entity '${on}'`));
    if (has !== 'one' && has !== 'many')
      faults.push(fault(`${where}: has must be 'one' or 'many', and is ${JSON.stringify(has) ?? 'missing'}`));
    if (isGiven(required) && (typeof required !== 'boolean' || side === 'reverse')) {
      faults.push(fault(`${where}: required is true or false, and stands at the forward end`));
    }
    if (isGiven(onDelete) && onDelete !== 'cascade') faults.push(fault(`${where}: onDelete can only be 'cascade'`));
    else if (isGiven(onDelete) && has === 'many')
      faults.push(fault(`${where}: Cascade delete is only possible on links with \`has: 'one'\``));
    return faults;
  });
}

/** A label has one meaning per entity: an attribute, or one end of a link. */
function labelFaults(links: object, entities: Readonly<Record<string, unknown>>): Fault[] {
  const taken = new Map<string, string>();
  for (const [etype, entity] of Object.entries(entities)) {
    const attrs = isObject(entity) && isObject(entity.attrs) ? entity.attrs : {};
    for (const label of ['id', ...Object.keys(attrs)]) taken.set(`${etype}->${label}`, 'an attribute');
  }
  return Object.entries(links).flatMap(([name, link]) =>
    (['forward', 'reverse'] as const).flatMap((side) => {
      const end = endOf(link, side);
      if (!end) return [];
      const key = `${end.on}->${end.label}`;
      const other = taken.get(key);
      taken.set(key, name);
      return other === undefined || other === name ? [] : [fault(`${key}: Duplicate entry found for attribute: ${other} has this label`)];
    }),
  );
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
const fault = (message: string): Fault => ({ in: ['schema'], message });
