// Computes the steps that undo a transaction against a Db. Pure. Only data in the Db can be restored, so the caller must check that the Db
// holds enough. Attr changes are not undone; restored entities get new creation times.

import { equal } from '../lib/equal.ts';
import type { Step } from '../protocol/transact-messages.ts';
import type { Value } from '../protocol/triple.ts';
import { applySteps } from './apply.ts';
import type { KnownAttr } from './attrs.ts';
import type { RowChange } from './change-set.ts';
import type { Db } from './db.ts';
import { Layer } from './layer.ts';
import { type Links, listed } from './links.ts';
import type { Row } from './row.ts';

/** An entity changed by a transaction, before and after. */
export interface Changed extends RowChange {
  readonly etype: string;
  readonly id: string;
}

/** A deletion may cascade further than the original transaction; each round undoes the side effects of the round before. */
const maxRounds = 4;

export interface InverseSteps {
  readonly changes: readonly Changed[];
  readonly steps: readonly Step[];
}

/**
 * Computes the changes a transaction makes and the steps that undo them.
 *
 * @param steps the transaction to undo
 * @param db the state before the transaction
 * @returns the changed entities, and the steps that restore them
 *
 * @example
 * const { steps } = inverse([['add-triple', goalId, titleAttr, 'Learn to fly']], db, { now: Date.now });
 */
export function inverse(
  steps: readonly Step[],
  db: Db,
  options: { readonly now: () => number; readonly useDates?: boolean },
): InverseSteps {
  const layer = new Layer(db);
  applySteps(layer, steps, options);
  const touched = new Map<string, Changed>();
  let changes = changedRows(layer, db, touched);
  const undoSteps: Step[] = [];
  const first = changes;
  for (let round = 0; round < maxRounds && changes.length > 0; round += 1) {
    const roundSteps = inverseSteps(changes, layer).map((step) => (round === 0 ? step : withoutMode(step)));
    undoSteps.push(...roundSteps);
    applySteps(layer, roundSteps, options);
    changes = changedRows(layer, db, touched);
  }
  return { changes: first, steps: undoSteps };
}

/** Modes are evaluated against the state before the transaction, which only the first round sees. */
function withoutMode(step: Step): Step {
  return step[0] === 'add-triple' ? ['add-triple', step[1], step[2], step[3]] : step;
}

/** Every entity that now differs from its original state. */
function changedRows(layer: Layer, db: Db, touched: Map<string, Changed>): Changed[] {
  for (const [etype, rows] of layer.takeChangeSet()) {
    for (const id of rows.keys()) touched.set(`${etype} ${id}`, { etype, id, before: undefined, after: undefined });
  }
  const now = [...touched.values()].map(({ etype, id }) => ({ etype, id, before: db.row(etype, id), after: layer.row(etype, id) }));
  return now.filter(({ etype, before, after }) => attrsOf(layer, etype).some((attr) => !sameValue(attr, before, after)));
}

/** Order: recreate deleted entities, remove added links, delete created entities, restore values, restore links. */
function inverseSteps(changes: readonly Changed[], layer: Layer): Step[] {
  const creations = changes.flatMap((change) => creation(change, layer));
  const unlinks = changes.flatMap((change) => links(change, layer, change.after, change.before, 'retract-triple'));
  const deletions = changes.flatMap((change) => deletion(change, layer));
  const values = changes.flatMap((change) => (change.before ? fields(change, layer) : []));
  const relinks = changes.flatMap((change) => links(change, layer, change.before, change.after, 'add-triple'));
  return [...creations, ...unlinks, ...deletions, ...values, ...relinks];
}

function creation({ etype, id, before, after }: Changed, layer: Layer): Step[] {
  const idAttr = layer.attrs.idAttr(etype);
  return idAttr && before?.exists(idAttr) && !after?.exists(idAttr) ? [['add-triple', id, idAttr.id, id, { mode: 'create' }]] : [];
}

function deletion({ etype, id, before, after }: Changed, layer: Layer): Step[] {
  const idAttr = layer.attrs.idAttr(etype);
  if (!after) return [];
  if (after.exists(idAttr) && !before?.exists(idAttr)) return [['delete-entity', id, etype]];
  return before ? [] : layer.attrs.namespace(etype).blobs.flatMap((attr) => field(id, attr, undefined, after.value(attr), false));
}

function fields({ etype, id, before, after }: Changed, layer: Layer): Step[] {
  const idAttr = layer.attrs.idAttr(etype);
  const isThere = after?.exists(idAttr) ?? false;
  const isGone = isThere && !before?.exists(idAttr);
  const blobs = layer.attrs.namespace(etype).blobs.filter((attr) => attr !== idAttr);
  return blobs.flatMap((attr) => field(id, attr, before?.value(attr), isGone ? undefined : after?.value(attr), isThere && !isGone));
}

/** `update` mode: an entity that another client deletes in the meantime is not recreated with its old values. */
function field(id: string, attr: KnownAttr, was: Value, is: Value, isThere: boolean): Step[] {
  if (equal(was, is)) return [];
  if (was === undefined) return [['retract-triple', id, attr.id, json(is)]];
  return [isThere ? ['add-triple', id, attr.id, json(was), { mode: 'update' }] : ['add-triple', id, attr.id, json(was)]];
}

/** Steps for the links that `one` has and `other` lacks. */
function links(
  { etype, id }: Changed,
  layer: Layer,
  one: Row | undefined,
  other: Row | undefined,
  op: 'add-triple' | 'retract-triple',
): Step[] {
  return layer.attrs.namespace(etype).links.flatMap((attr) => {
    const there = other?.targets(attr) ?? [];
    return (one?.targets(attr) ?? []).filter((target) => !there.includes(target)).map((target): Step => [op, id, attr.id, target]);
  });
}

function attrsOf(layer: Layer, etype: string): readonly KnownAttr[] {
  const { blobs, links: refs } = layer.attrs.namespace(etype);
  return [...blobs, ...refs];
}

function sameValue(attr: KnownAttr, one: Row | undefined, other: Row | undefined): boolean {
  const [a, b] = [one?.values[attr.slot], other?.values[attr.slot]];
  return attr.isRef ? sameSet(a as Links, b as Links) : equal(a, b);
}

function sameSet(one: Links, other: Links): boolean {
  const [a, b] = [listed(one), listed(other)];
  return a.length === b.length && a.every((id) => b.includes(id));
}

function json(value: Value): Value {
  return value instanceof Date ? value.toISOString() : value;
}
