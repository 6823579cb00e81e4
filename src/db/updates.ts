// Recognizes transactions that only set values of existing entities (the most common kind). They are parsed once and cached, depend on no
// other entity, and have no effect if the entity does not exist.

import type { Step } from '../protocol/transact-messages.ts';
import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import { asStored } from './ingest.ts';
import type { Layer } from './layer.ts';
import { Row } from './row.ts';

/** The values set on one entity. */
export interface Update {
  readonly etype: string;
  readonly idAttr: KnownAttr | undefined;
  readonly id: string;
  readonly values: readonly (readonly [slot: number, value: Value])[];
}

export interface Updates {
  readonly list: readonly Update[];
  /** The updated entities. */
  readonly ids: ReadonlySet<string>;
  /** Whether a unique value is set, which lookups depend on. */
  readonly setsUnique: boolean;
}

interface CachedUpdates {
  readonly attrs: Attrs;
  readonly useDates: boolean;
  readonly updates: Updates | undefined;
}

const cache = new WeakMap<readonly Step[], CachedUpdates>();

/** Undefined if the steps contain anything other than updates. */
export function updatesOf(steps: readonly Step[], attrs: Attrs, useDates: boolean): Updates | undefined {
  let cached = cache.get(steps);
  if (cached?.attrs !== attrs || cached.useDates !== useDates) {
    cached = { attrs, useDates, updates: read(steps, attrs, useDates) };
    cache.set(steps, cached);
  }
  return cached.updates;
}

/** The namespaces whose rows the steps can change. Undefined if unknown: a deletion may cascade, or an attr is new. */
export function writtenEtypes(steps: readonly Step[], attrs: Attrs): readonly string[] | undefined {
  const etypes: string[] = [];
  for (const step of steps) {
    if (step[0] === 'rule-params') continue;
    if (step[0] !== 'add-triple' && step[0] !== 'deep-merge-triple' && step[0] !== 'retract-triple') return undefined;
    const attr = attrs.byId(step[2]);
    if (!attr || attr.cascadesToSource || attr.cascadesToTarget) return undefined;
    if (etypes[etypes.length - 1] !== attr.etype) etypes.push(attr.etype);
  }
  return etypes;
}

/** Equivalent to `applySteps` for these updates. */
export function applyUpdates(layer: Layer, { list }: Updates): void {
  for (const { etype, idAttr, id, values } of list) {
    const row = layer.row(etype, id);
    if (!row?.exists(idAttr)) continue;
    let next: Value[] | undefined;
    for (const [slot, value] of values) if ((next ?? row.values)[slot] !== value) (next ??= row.values.slice())[slot] = value;
    if (next) layer.put(etype, id, new Row(row.id, row.t, next, row.times));
  }
}

function read(steps: readonly Step[], attrs: Attrs, useDates: boolean): Updates | undefined {
  const updates: { etype: string; idAttr: KnownAttr | undefined; id: string; values: [slot: number, value: Value][] }[] = [];
  let setsUnique = false;
  for (const step of steps) {
    if (step[0] !== 'add-triple' || step[4]?.mode !== 'update' || typeof step[1] !== 'string') return undefined;
    const [, id, attrId, value] = step;
    const attr = attrs.byId(attrId);
    if (!attr || attr.isRef || value === undefined) return undefined;
    const { etype } = attr;
    const idAttr = attrs.idAttr(etype);
    let update = updates[updates.length - 1];
    if (update?.id !== id || update.etype !== etype) updates.push((update = { etype, idAttr, id, values: [] }));
    // An existing entity has its id value already.
    if (attr === idAttr) continue;
    update.values.push([attr.slot, asStored(value, attr, useDates)]);
    setsUnique ||= attr.isUnique;
  }
  return updates.length > 0 ? { list: updates, ids: new Set(updates.map(({ id }) => id)), setsUnique } : undefined;
}
