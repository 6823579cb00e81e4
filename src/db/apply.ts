// Applies transaction steps to a layer, in order. The only checks are the modes of the steps (`create`, `update`); steps that refer to
// unknown entities or attrs are skipped. PROTOCOL.md#transact

import { equal } from '../lib/equal.ts';
import type { AttrStep, DataStep, EntityRef, LookupRef, Step } from '../protocol/transact-messages.ts';
import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import { planDeletion } from './delete.ts';
import { asStored } from './ingest.ts';
import type { Layer } from './layer.ts';
import { addLink, type Links, removeLink } from './links.ts';
import { merge } from './merge.ts';
import type { Row, Times } from './row.ts';

export interface ApplyOptions {
  /** The time of a new triple. */
  readonly now: () => number;
  readonly useDates?: boolean;
  /** Set by the server, which stores a time per triple. */
  readonly times?: (row: Row | undefined, attr: KnownAttr, value: Value, now: () => number) => readonly Times[];
  /**
   * Called with every entity a step reads or writes: a change to any of them may change the effect of the steps. Also with every unique text
   * that is looked up, set or removed. `isTarget`: only its deletion depends on the steps, which link to it.
   */
  readonly touch?: (id: string, isTarget?: boolean) => void;
  /** Called when the effect depends on more than what is touched: a lookup searched by a value that is not a unique text. */
  readonly search?: () => void;
  /** Finds an entity whose value is not in the layer. */
  readonly find?: ((lookup: LookupRef) => string | undefined) | undefined;
}

export function applySteps(layer: Layer, steps: readonly Step[], options: ApplyOptions): void {
  const attrs = stepAttrs(layer.attrs, steps);
  if (attrs !== layer.attrs) layer.setAttrs(attrs);
  const data = steps.filter(isData);
  const applicable = data.some(hasMode) ? data.filter((step) => !hasMode(step) || modeAllows(layer, step, options)) : data;
  for (const step of applicable) applyStep(layer, step, options);
}

/** The catalog after the attr steps of a transaction. */
export function stepAttrs(attrs: Attrs, steps: readonly Step[]): Attrs {
  let next = attrs;
  for (const step of steps) if (!isData(step)) next = attrsAfter(next, step);
  return next;
}

function attrsAfter(attrs: Attrs, step: AttrStep): Attrs {
  switch (step[0]) {
    case 'add-attr':
      return attrs.holds(step[1]) ? attrs : attrs.with([step[1]]);
    case 'update-attr': {
      const known = attrs.byId(step[1].id);
      return known ? attrs.with([{ ...known.wire, ...step[1] }]) : attrs;
    }
    case 'delete-attr':
      return attrs.byId(step[1]) ? attrs.without(new Set([step[1]])) : attrs;
    case 'restore-attr':
      return attrs;
    default:
      throw new TypeError(`Unknown step '${String((step as readonly unknown[])[0])}'`);
  }
}

const dataSteps: ReadonlySet<string> = new Set<DataStep[0]>([
  'add-triple',
  'deep-merge-triple',
  'retract-triple',
  'delete-entity',
  'rule-params',
]);

function isData(step: Step): step is DataStep {
  return dataSteps.has(step[0]);
}

function hasMode(step: DataStep): boolean {
  const mode = step[0] === 'add-triple' || step[0] === 'deep-merge-triple' ? step[4]?.mode : undefined;
  return mode === 'create' || mode === 'update';
}

/** Evaluated before any step is applied: `create` requires that the entity does not exist, `update` that it does. */
function modeAllows(layer: Layer, step: DataStep, options: ApplyOptions): boolean {
  if (step[0] !== 'add-triple' && step[0] !== 'deep-merge-triple') return true;
  const attr = layer.attrs.byId(step[2]);
  if (!attr) return false;
  const id = resolve(layer, step[1], options);
  if (id !== undefined) options.touch?.(id);
  const exists = id !== undefined && (layer.row(attr.etype, id)?.exists(layer.attrs.idAttr(attr.etype)) ?? false);
  return exists === (step[4]?.mode === 'update');
}

function applyStep(layer: Layer, step: DataStep, options: ApplyOptions): void {
  if (step[0] === 'rule-params') return;
  const id = resolve(layer, step[1], options);
  if (id === undefined) return;
  options.touch?.(id);
  if (step[0] === 'delete-entity') return deleteEntity(layer, id, step[2], options);
  const attr = layer.attrs.byId(step[2]);
  if (!attr) return;
  switch (step[0]) {
    case 'add-triple':
      return addTriple(layer, id, attr, step[3], options);
    case 'retract-triple':
      return retractTriple(layer, id, attr, step[3], options);
    case 'deep-merge-triple':
      return mergeTriple(layer, id, attr, step[3], options);
  }
}

function addTriple(layer: Layer, id: string, attr: KnownAttr, input: Value, options: ApplyOptions): void {
  const isId = attr === layer.attrs.idAttr(attr.etype);
  const value = attr.isRef ? resolveValue(layer, input, options) : isId ? id : asStored(input, attr, options.useDates);
  if (value === undefined) return;
  if (attr.isRef) options.touch?.(value as string, true);
  const row = layer.row(attr.etype, id);
  const current = row?.values[attr.slot];
  // Deleting the former target may depend on this row.
  if (attr.isRef && !attr.isMany && typeof current === 'string') options.touch?.(current, true);
  const next = attr.isRef && attr.isMany ? addLink(current as Links, value as string) : value;
  if (next === current && row) return;
  write(layer, attr, id, row, next, options);
}

function retractTriple(layer: Layer, id: string, attr: KnownAttr, input: Value, options: ApplyOptions): void {
  const row = layer.row(attr.etype, id);
  const current = row?.values[attr.slot];
  if (!row || current === undefined) return;
  const value = attr.isRef ? resolveValue(layer, input, options) : input;
  if (attr.isRef && typeof value === 'string') options.touch?.(value, true);
  const next = attr.isRef ? removeLink(current as Links, value as string) : equal(current, value) ? undefined : current;
  if (next !== current) write(layer, attr, id, row, next, options);
}

function mergeTriple(layer: Layer, id: string, attr: KnownAttr, patch: Value, options: ApplyOptions): void {
  if (attr.isRef) throw new TypeError(`'${attr.etype}.${attr.label}' is a link; merge applies to values only`);
  const row = layer.row(attr.etype, id);
  const current = row?.values[attr.slot];
  write(layer, attr, id, row, current === undefined ? patch : merge(current, patch), options);
}

function deleteEntity(layer: Layer, id: string, etype: string | undefined, options: ApplyOptions): void {
  const { entities, links } = planDeletion(layer, id, etype);
  for (const { attr, source, target } of links) {
    options.touch?.(source);
    const row = layer.row(attr.etype, source);
    if (row) write(layer, attr, source, row, removeLink(row.links(attr), target), options);
  }
  for (const entity of entities) {
    options.touch?.(entity.id);
    const row = layer.row(entity.etype, entity.id);
    if (!row) continue;
    if (options.touch) {
      const { blobs, links } = layer.attrs.namespace(entity.etype);
      // Deleting a target may depend on this row: touch the targets as well.
      for (const attr of links) for (const target of row.targets(attr)) options.touch(target, true);
      for (const attr of blobs) touchText(attr, row.values[attr.slot], options);
    }
    layer.put(entity.etype, entity.id, undefined);
  }
}

function write(layer: Layer, attr: KnownAttr, id: string, row: Row | undefined, value: Value, options: ApplyOptions): void {
  const { now, times } = options;
  touchText(attr, row?.values[attr.slot], options);
  touchText(attr, value, options);
  const isNew = attr === layer.attrs.idAttr(attr.etype) && row?.values[attr.slot] === undefined;
  const t = isNew ? now() : (row?.t ?? 0);
  layer.set(attr, id, row, value, t, times?.(row, attr, value, now));
}

/** @param isTarget of a link: it may be outside the layer */
function resolve(layer: Layer, ref: EntityRef, options: ApplyOptions, isTarget = false): string | undefined {
  if (typeof ref === 'string') return ref;
  const attr = layer.attrs.byId(ref[0]);
  if (attr && isUniqueText(attr, ref[1])) options.touch?.(ref[1]);
  else options.search?.();
  if (!attr) return undefined;
  const id = layer.find(attr, asStored(ref[1], attr, options.useDates));
  const found = id ?? options.find?.(ref);
  if (found !== undefined) options.touch?.(found);
  return (
    id ?? (isTarget || (found !== undefined && layer.row(attr.etype, found)?.exists(layer.attrs.idAttr(attr.etype))) ? found : undefined)
  );
}

function touchText(attr: KnownAttr, value: Value, { touch }: ApplyOptions): void {
  if (touch && isUniqueText(attr, value)) touch(value);
}

/** Whether an entity can be looked up by this value, which is stored as it is written. */
export function isUniqueText({ isUnique, isRef, checkedType }: KnownAttr, value: Value): value is string {
  return isUnique && !isRef && checkedType !== 'date' && typeof value === 'string';
}

/** The value of a link: an id, or a lookup if its first element is an attr id. */
function resolveValue(layer: Layer, value: Value, options: ApplyOptions): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'string') return undefined;
  return resolve(layer, [value[0], value[1]], options, true);
}
