// A change set as triples added and removed: for the log, and for clients that keep a namespace in sync. Includes values of deleted
// attrs: they are hidden, and are deleted with their entity.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { ChangeSet, RowChange } from '../../db/change-set.ts';
import type { Layer } from '../../db/layer.ts';
import { attrTriples, type Row } from '../../db/row.ts';
import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import type { Triple } from '../../protocol/triple.ts';
import { eachInSlices, sliceItems } from '../slices.ts';

/** A generator: yields where others can be served. `hidden`: attrs that are deleted, in a catalogue that is kin. */
export function* tripleChangeSteps(changeSet: ChangeSet, attrs: Attrs, hidden: readonly KnownAttr[]): Generator<void, SyncChange[]> {
  const found: SyncChange[] = [];
  let visited = 0;
  for (const [etype, changes] of changeSet) {
    const own = [...attrs.namespace(etype).forward.values(), ...hidden.filter((attr) => attr.etype === etype)];
    for (const { before, after } of changes.values()) {
      for (const attr of own) {
        if (isSameAt(before, after, attr.slot)) continue;
        const [were, are] = [before ? attrTriples(before, attr) : [], after ? attrTriples(after, attr) : []];
        compare(were, are, found);
        visited += were.length + are.length;
      }
      visited += own.length;
      if (visited < sliceItems) continue;
      visited = 0;
      yield;
    }
  }
  return found;
}

/** The same value may be new: an entity that was deleted and created again has new times. */
function isSameAt(before: Row | undefined, after: Row | undefined, slot: number): boolean {
  if (before?.values[slot] !== after?.values[slot]) return false;
  return before?.values[slot] === undefined || (before.times?.[slot] === after?.times?.[slot] && before.t === after?.t);
}

/** Removed before added: an update is both. */
function compare(before: readonly Triple[], after: readonly Triple[], found: SyncChange[]): void {
  if (before.length === 0 || after.length === 0) {
    for (const triple of before) found.push({ action: 'removed', triple });
    for (const triple of after) found.push({ action: 'added', triple });
    return;
  }
  // Of many links, few change at a time: what is the same at both ends is left out.
  let [from, end, to] = [0, before.length, after.length];
  while (from < end && isSame(before[from], after[from])) from++;
  while (end > from && to > from && isSame(before[end - 1], after[to - 1])) [end, to] = [end - 1, to - 1];
  const [gone, made] = [before.slice(from, end), after.slice(from, to)];
  const [one, other] = [gone[0], made[0]];
  // A text may be very long: it is not written down to be compared.
  if (one && other && gone.length + made.length === 2 && typeof one[2] === 'string') {
    found.push({ action: 'removed', triple: one }, { action: 'added', triple: other });
    return;
  }
  const were = new Set(gone.map(nameOf));
  const are = new Set(made.map(nameOf));
  for (const triple of gone) if (!are.has(nameOf(triple))) found.push({ action: 'removed', triple });
  for (const triple of made) if (!were.has(nameOf(triple))) found.push({ action: 'added', triple });
}

const isSame = (one: Triple | undefined, other: Triple | undefined): boolean => one?.[2] === other?.[2] && one?.[3] === other?.[3];

const nameOf = ([, , v, t]: Triple): string => `${t} ${JSON.stringify(v)}`;

/** `takeChangeSet` of a layer, in steps: yields where others can be served. */
export function* changeSetSteps(layer: Layer): Generator<void, ChangeSet> {
  const changeSet = new Map<string, Map<string, RowChange>>();
  for (const [etype, rows] of layer.takeBefore()) {
    const changes = new Map<string, RowChange>();
    yield* eachInSlices(rows, ([id, before]) => {
      const after = layer.row(etype, id);
      if (before !== after) changes.set(id, { before, after });
    });
    if (changes.size > 0) changeSet.set(etype, changes);
  }
  return changeSet;
}

/** A large change in parts. */
export function* partsOf(changeSet: ChangeSet): Generator<ChangeSet> {
  if ([...changeSet.values()].every(({ size }) => size <= sliceItems)) {
    yield changeSet;
    return;
  }
  for (const [etype, changes] of changeSet) {
    let part = new Map<string, RowChange>();
    for (const [id, change] of changes) {
      part.set(id, change);
      if (part.size < sliceItems) continue;
      yield new Map([[etype, part]]);
      part = new Map();
    }
    yield new Map([[etype, part]]);
  }
}

/** Two changes, one after the other, as one. */
export function mergeChanges(first: ChangeSet, second: ChangeSet): ChangeSet {
  if (first.size === 0) return second;
  if (second.size === 0) return first;
  const all = new Map<string, Map<string, RowChange>>();
  for (const [etype, changes] of first) all.set(etype, new Map(changes));
  for (const [etype, changes] of second) {
    const merged = all.get(etype) ?? new Map<string, RowChange>();
    all.set(etype, merged);
    for (const [id, change] of changes) merged.set(id, { before: (merged.get(id) ?? change).before, after: change.after });
  }
  return all;
}
