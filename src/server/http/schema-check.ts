// Validates a schema before it is applied: its form, and whether its links are possible.

import { isObject } from '../../lib/json.ts';
import type { Attrs } from '../../db/attrs.ts';
import { type Fault, invalid } from '../errors.ts';
import { unknownKeys } from './schema-keys.ts';

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
  // InstantDB's place of every fault.
  if (faults.length > 0)
    throw invalid(
      'schema',
      'plan',
      faults.map(({ message }) => ({ in: ['schema'], message })),
    );
}

/** The faults of a schema as a file has it, with their places; those that only the server knows are left out. */
export function schemaFaults(schema: unknown): Fault[] {
  const { entities, links } = isObject(schema) ? schema : {};
  if (!isObject(entities)) return [];
  const given = isObject(links) ? links : {};
  return [
    ...Object.entries(entities).flatMap(([etype, entity]) => attrFaults(etype, isObject(entity) ? entity.attrs : undefined)),
    ...Object.entries(given).flatMap(([name, link]) => linkFaults(name, link, () => true)),
    ...labelFaults(given, entities),
    ...unlistedEnds(schema),
    ...unknownKeys(schema),
  ];
}

function attrFaults(etype: string, attrs: unknown): Fault[] {
  if (!isObject(attrs)) return [{ in: ['entities', etype], message: 'must be an entity: i.entity({ … })' }];
  return Object.entries(attrs).flatMap(([label, attr]) =>
    isObject(attr) ? [] : [{ in: ['entities', etype, 'attrs', label], message: 'must be an attribute, such as i.string()' }],
  );
}

/**
 * For a schema that a program holds as a whole: a link to an entity that it does not list is a typing error, and so is a key that means nothing.
 * Schemas sent by other tools are accepted with them, as by InstantDB.
 *
 * @throws InstantAPIError with every fault
 */
export function checkOwnSchema(schema: unknown): void {
  const faults = [...unlistedEnds(schema), ...unknownKeys(schema)];
  if (faults.length > 0) throw invalid('schema', 'plan', faults);
}

/** The ends of links at entities that the schema does not list and that are not the system's. */
function unlistedEnds(schema: unknown): Fault[] {
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

interface PlacedFault extends Fault {
  readonly in: readonly string[];
  readonly message: string;
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

function linkFaults(name: string, link: unknown, isPossible: (etype: string) => boolean): PlacedFault[] {
  return (['forward', 'reverse'] as const).flatMap((side) => {
    const end = endOf(link, side);
    const at = (...trait: string[]): readonly string[] => ['links', name, side, ...trait];
    if (!end) return [{ in: at(), message: `link ${name}: ${side} must have an entity (on) and a label` }];
    const { on, label, has, required, onDelete } = end;
    const where = `${on}->${label}`;
    const faults: PlacedFault[] = [];
    const add = (trait: string, message: string): void => void faults.push({ in: at(trait), message: `${where}: ${message}` });
    if (!isPossible(on)) add('on', `the system has no entity '${on}'`);
    if (has !== 'one' && has !== 'many') add('has', `has must be 'one' or 'many', and is ${JSON.stringify(has) ?? 'missing'}`);
    if (isGiven(required) && (typeof required !== 'boolean' || side === 'reverse'))
      add('required', 'required is true or false, and stands at the forward end');
    if (isGiven(onDelete) && onDelete !== 'cascade') add('onDelete', "onDelete can only be 'cascade'");
    else if (isGiven(onDelete) && has === 'many') add('onDelete', "Cascade delete is only possible on links with `has: 'one'`");
    return faults;
  });
}

/** A label has one meaning per entity: an attribute, or one end of a link. */
function labelFaults(links: object, entities: Readonly<Record<string, unknown>>): PlacedFault[] {
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
      const message = `${key}: Duplicate entry found for attribute: ${other} has this label`;
      return other === undefined || other === name ? [] : [{ in: ['links', name, side, 'label'], message }];
    }),
  );
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
