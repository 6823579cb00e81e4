// Keys of a schema that mean nothing. A misspelt trait (`requried: true`) would have no effect, and no row would be refused for it.

import { isObject } from '../../lib/json.ts';
import { nameHint } from '../../lib/name-hint.ts';
import type { Fault } from '../errors.ts';

/** What `i.schema`, `i.entity` and the modifiers write, and the official tools with `metadata`. */
const known = {
  schema: ['entities', 'links', 'rooms'],
  entity: ['attrs', 'links'],
  attribute: ['valueType', 'required', 'isIndexed', 'config', 'metadata'],
  config: ['indexed', 'unique'],
  link: ['forward', 'reverse'],
  end: ['on', 'label', 'has', 'required', 'onDelete'],
} as const;

const titles: Readonly<Record<keyof typeof known, string>> = {
  schema: 'a schema',
  entity: 'an entity',
  attribute: 'an attribute',
  config: 'the config of an attribute',
  link: 'a link',
  end: 'an end of a link',
};

/** Only for schemas that a program or a file holds: those that other tools send may have keys of a later version. */
export function unknownKeys(schema: unknown): Fault[] {
  const { entities, links } = isObject(schema) ? schema : {};
  return [
    ...keyFaults('schema', [], schema),
    ...named(entities).flatMap(([etype, entity]) => entityFaults(['entities', etype], entity)),
    ...named(links).flatMap(([name, link]) => linkFaults(['links', name], link)),
  ];
}

function entityFaults(path: readonly string[], entity: unknown): Fault[] {
  const attrs = named(isObject(entity) ? entity.attrs : undefined);
  const ofAttr = ([label, attr]: readonly [string, unknown]): Fault[] => {
    const at = [...path, 'attrs', label];
    return [...keyFaults('attribute', at, attr), ...keyFaults('config', [...at, 'config'], isObject(attr) ? attr.config : undefined)];
  };
  return [...keyFaults('entity', path, entity), ...attrs.flatMap(ofAttr)];
}

function linkFaults(path: readonly string[], link: unknown): Fault[] {
  const { forward, reverse } = isObject(link) ? link : {};
  return [
    ...keyFaults('link', path, link),
    ...keyFaults('end', [...path, 'forward'], forward),
    ...keyFaults('end', [...path, 'reverse'], reverse),
  ];
}

function keyFaults(kind: keyof typeof known, path: readonly string[], value: unknown): Fault[] {
  const names: readonly string[] = known[kind];
  const unknown = named(value).flatMap(([key, given]) => (names.includes(key) || given === undefined ? [] : [key]));
  return unknown.map((key) => ({ in: [...path, key], message: `${titles[kind]} has no '${key}': ${nameHint(key, names)}` }));
}

const named = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : []);
