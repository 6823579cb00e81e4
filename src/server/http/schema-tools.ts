// The plan of a schema push in the form tools read: immediate changes, and changes that tools treat as jobs because they may take long on
// the original.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import { isObject } from '../../lib/json.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { changesOf, knownAttr, wantedAttrs } from './schema-plan.ts';

export interface ToolOptions {
  /** Whether indexes and constraints are jobs. */
  readonly isBackground: boolean;
  /** Whether the push includes types. */
  readonly checksTypes: boolean;
}

export interface ToolPlan {
  readonly 'new-schema': SchemaJson;
  readonly steps: readonly (readonly [type: string, about: object])[];
}

interface SchemaJson {
  readonly blobs: Readonly<Record<string, Readonly<Record<string, WireAttr>>>>;
  readonly refs: Readonly<Record<string, WireAttr>>;
}

/** Without a schema nothing is planned. @throws InstantAPIError */
export function planForTools(given: unknown, attrs: Attrs, uuid: () => string, options: ToolOptions): ToolPlan {
  if (given === undefined || (isObject(given) && Object.keys(given).length === 0))
    return { 'new-schema': { blobs: {}, refs: {} }, steps: [] };
  const wanted = wantedAttrs(given, attrs, uuid).map(({ isUnsynced: _, ...wire }) => wire);
  const filled = wanted.filter((wire) => hasAttributes(wire, given) && !isNoSystemEntity(wire, attrs));
  return { 'new-schema': schemaOfWires(filled, given), steps: filled.flatMap((wire) => stepsFor(wire, attrs, options)) };
}

type Entities = Readonly<Record<string, { readonly attrs: object }>>;

const entitiesOf = (given: unknown): Entities => (given as { readonly entities: Entities }).entities;

/** An entity without attributes still gets an id attribute. */
function hasAttributes({ 'forward-identity': [, etype, label] }: WireAttr, given: unknown): boolean {
  const entities = entitiesOf(given);
  return label !== 'id' || !Object.hasOwn(entities, etype) || Object.keys(entities[etype]?.attrs ?? {}).length > 0;
}

/** Whether the schema itself has an id attribute there. */
function namesId(etype: string, given: unknown): boolean {
  const entities = entitiesOf(given);
  return Object.hasOwn(entities, etype) && Object.hasOwn(entities[etype]?.attrs ?? {}, 'id');
}

/** Unknown entities with system names, which tools send, are ignored. */
function isNoSystemEntity({ 'forward-identity': [, etype] }: WireAttr, attrs: Attrs): boolean {
  return etype.startsWith('$') && attrs.forward(etype, 'id') === undefined;
}

function schemaOfWires(wires: readonly WireAttr[], given: unknown): SchemaJson {
  const blobs: Record<string, Record<string, WireAttr>> = {};
  const refs: Record<string, WireAttr> = {};
  for (const wire of wires) {
    const [, etype, label] = wire['forward-identity'];
    const [, back, backLabel] = wire['reverse-identity'] ?? [];
    if (wire['value-type'] === 'ref') refs[`[${[etype, label, back, backLabel].map((part) => JSON.stringify(part)).join(' ')}]`] = wire;
    else if (label !== 'id' || namesId(etype, given)) blobs[etype] = { ...blobs[etype], [label]: wire };
  }
  return { blobs, refs };
}

type Step = readonly [type: string, about: object];

function stepsFor(wire: WireAttr, attrs: Attrs, { isBackground, checksTypes }: ToolOptions): Step[] {
  const known = knownAttr(wire, attrs);
  if (!known) return [['add-attr', newAttr(wire, checksTypes)]];
  if (known.isSystem) return [];
  const { 'checked-data-type': type, ...changes } = changesOf(known, wire);
  const job = (name: string, more: object = {}): Step => [
    name,
    { 'attr-id': known.id, 'forward-identity': known.wire['forward-identity'], ...more },
  ];
  const jobs: Step[] = [];
  const rest: Record<string, unknown> = { ...changes };
  for (const [trait, name] of backgroundTraits) {
    const change = rest[trait];
    // Uniqueness of the other end is a property of the link, not of its values.
    if (!isBackground || change === undefined || (known.isRef && trait === 'unique?')) continue;
    jobs.push(job(change === true ? name : `remove-${name}`));
    delete rest[trait];
  }
  const typeStep =
    type === undefined || !checksTypes
      ? []
      : [type === null ? job('remove-data-type') : job('check-data-type', { 'checked-data-type': type })];
  const update: Step[] = Object.keys(rest).length > 0 ? [['update-attr', wholeAttr(known, wire, rest)]] : [];
  return [...update, ...jobs, ...typeStep];
}

function newAttr(wire: WireAttr, checksTypes: boolean): object {
  if (wire['value-type'] === 'ref') return { 'on-delete': null, 'on-delete-reverse': null, ...wire };
  const { 'checked-data-type': _, ...untyped } = wire;
  return checksTypes ? wire : untyped;
}

const backgroundTraits = [
  ['index?', 'index'],
  ['unique?', 'unique'],
  ['required?', 'required'],
] as const;

/** The attribute after the push, except its type and what its jobs change. */
function wholeAttr({ id, isRef, wire: is }: KnownAttr, wanted: WireAttr, changes: object): object {
  const { 'forward-identity': forward, 'reverse-identity': back, cardinality, 'value-type': valueType } = is;
  return {
    id,
    'forward-identity': forward,
    cardinality,
    'value-type': valueType,
    'index?': is['index?'] ?? false,
    'unique?': is['unique?'] ?? false,
    'required?': is['required?'] ?? false,
    ...(isRef && {
      'reverse-identity': back,
      'on-delete': wanted['on-delete'] ?? null,
      'on-delete-reverse': wanted['on-delete-reverse'] ?? null,
    }),
    ...changes,
  };
}
