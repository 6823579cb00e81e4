// Constraints that must hold after a transaction, whatever its steps: types, uniqueness, required attrs. Also the nulls that stand for
// missing values of indexed attrs. Checks only what the transaction touched. All in steps: yields where others can be served.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import type { Layer } from '../../db/layer.ts';
import type { ChangeSet, RowChange } from '../../db/change-set.ts';
import { Row } from '../../db/row.ts';
import { valueKey } from '../../db/value-index.ts';
import { equal } from '../../lib/equal.ts';
import { isStorableDate } from '../../lib/stored-dates.ts';
import { jsonText, shownValue } from './value-text.ts';
import type { CheckedType } from '../../protocol/attr.ts';
import type { Value } from '../../protocol/triple.ts';
import { invalid, overLimit, rejection } from '../errors.ts';
import { eachInSlices, sliceItems, Slices } from '../slices.ts';
import type { Access } from './touched.ts';

/**
 * An entity is made with a value for every indexed attr, null if no other. One that is retracted later is missing, until the entity's
 * id is written again, as every `update` does.
 */
export function* fillNulls(layer: Layer, changeSet: ChangeSet, accesses: readonly Access[], now: () => number): Generator<void, void> {
  yield* eachInSlices(accesses, (access) => {
    if (access.is !== 'value' || access.label !== 'id') return;
    const { etype, id } = access;
    fillRow(layer, etype, id, indexedOf(layer, etype), now);
  });
  for (const [etype, changes] of changeSet) {
    const { idAttr } = layer.attrs.namespace(etype);
    const indexed = indexedOf(layer, etype);
    if (indexed.length === 0) continue;
    yield* eachInSlices(changes, ([id, { before, after }]) => {
      const isMade = after?.exists(idAttr) && (!before?.exists(idAttr) || before.t !== after.t);
      if (isMade) fillRow(layer, etype, id, indexed, now);
    });
  }
}

function indexedOf(layer: Layer, etype: string): KnownAttr[] {
  const { blobs, idAttr } = layer.attrs.namespace(etype);
  return blobs.filter((attr) => attr.isIndexed && attr !== idAttr);
}

function fillRow(layer: Layer, etype: string, id: string, attrs: readonly KnownAttr[], now: () => number): void {
  const row = layer.row(etype, id);
  if (!row?.exists(layer.attrs.idAttr(etype))) return;
  fill(layer, etype, row, etype === '$users' ? withoutAddress(attrs) : attrs, now);
}

/** So many are 400 MB of the log. */
const mostNulls = 3_000_000;

/**
 * For attrs that have just become indexed: the entities that existed before. Each is written once, however many attrs there are.
 *
 * @throws InstantAPIError if several attrs need more nulls than `most`
 */
export function* fillNullsOf(layer: Layer, attrs: readonly KnownAttr[], now: () => number, most = mostNulls): Generator<void, void> {
  let filled = 0;
  const indexed = new Map<string, KnownAttr[]>();
  for (const attr of attrs) {
    if (attr.isRef || !attr.isIndexed || attr === layer.attrs.idAttr(attr.etype)) continue;
    indexed.set(attr.etype, [...(indexed.get(attr.etype) ?? []), attr]);
  }
  for (const [etype, own] of indexed) {
    const idAttr = layer.attrs.idAttr(etype);
    let visited = 0;
    for (const row of [...layer.rows(etype)]) {
      if (row.exists(idAttr)) filled += fill(layer, etype, row, own, now);
      if (filled > most && attrs.length > 1) throw overLimit('indexedNulls', most, 'values of new indexed attributes in one transaction');
      visited += own.length;
      if (visited < sliceItems) continue;
      visited = 0;
      yield;
    }
  }
}

/** A user has an address or none, which sign-in decides. */
const withoutAddress = (indexed: readonly KnownAttr[]): readonly KnownAttr[] =>
  indexed.filter(({ label, isSystem }) => !isSystem || label !== 'email');

/** @returns how many values were missing */
function fill(layer: Layer, etype: string, row: Row, attrs: readonly KnownAttr[], now: () => number): number {
  const missing = attrs.filter(({ slot }) => row.values[slot] === undefined);
  if (missing.length === 0) return 0;
  const values = row.values.slice();
  const times = row.times?.slice();
  for (const { slot } of missing) {
    while (values.length < slot) values.push(undefined);
    values[slot] = null;
    if (times) times[slot] = now();
  }
  layer.put(etype, row.id, new Row(row.id, row.t, values, times));
  return missing.length;
}

/** @throws InstantAPIError for the first violation, or for all values that are missing */
export function* checkConstraints(base: Db, attrs: Attrs, changeSet: ChangeSet): Generator<void, void> {
  const missing: Missing[] = [];
  const slices = new Slices();
  for (const [etype, changes] of changeSet) {
    const { forward, idAttr } = attrs.namespace(etype);
    const own = [...forward.values()];
    for (const attr of own) {
      if (attr.checkedType) yield* checkTypes(attr, attr.checkedType, changes, slices);
      if (attr.isUnique && attr !== idAttr) yield* checkUnique(base, attr, changes, slices);
    }
    const required = own.filter(({ isRequired }) => isRequired);
    if (required.length > 0) yield* slices.each(changes, ([id, { after }]) => addMissing(missing, required, idAttr, id, after));
  }
  checkMissing(missing);
}

type Changes = ReadonlyMap<string, RowChange>;

type Visit = (id: string, value: Value) => void;

function eachChangedValue(attr: KnownAttr, changes: Changes, slices: Slices, visit: Visit): Generator<void, void> {
  return slices.each(changes, ([id, { before, after }]) => {
    const value = after?.values[attr.slot];
    if (value !== undefined && value !== null && value !== before?.values[attr.slot]) visit(id, value);
  });
}

function checkTypes(attr: KnownAttr, type: CheckedType, changes: Changes, slices: Slices): Generator<void, void> {
  return eachChangedValue(attr, changes, slices, (id, value) => {
    if (!hasType(value, type)) throw wrongType(attr, type, id, value);
  });
}

export function hasType(value: Value, type: CheckedType): boolean {
  if (type !== 'date') return typeof value === type;
  if (typeof value === 'string' && serverDates.has(value.trim().toLowerCase())) return true;
  return isStorableDate(value);
}

/** Date keywords that clients may send but cannot read back. */
const serverDates: ReadonlySet<string> = new Set(['now', 'today', 'tomorrow', 'yesterday', 'infinity', '-infinity']);

/** Uniqueness of a link applies to each target. `base`: has holders that the changes do not name; missing if they name all. */
function checkUnique(base: Db | undefined, attr: KnownAttr, changes: Changes, slices: Slices): Generator<void, void> {
  const seen = new Map<Value, string>();
  return eachChangedValue(attr, changes, slices, (id, value) => {
    for (const part of attr.isRef && Array.isArray(value) ? (value as readonly Value[]) : [value]) {
      const key = valueKey(part);
      const other = seen.get(key) ?? (base && holderIn(base, attr, part, id, changes));
      if (other !== undefined && other !== id) throw notUnique(attr, part);
      seen.set(key, id);
    }
  });
}

/** The entity that had the value before the transaction and still has it. */
function holderIn(base: Db, attr: KnownAttr, value: Value, id: string, changes: Changes): string | undefined {
  for (const holder of base.holders(attr, value)) {
    if (holder === id) continue;
    const change = changes.get(holder);
    if (!change || holds(change.after, attr, value)) return holder;
  }
  return undefined;
}

function holds(row: Row | undefined, attr: KnownAttr, value: Value): boolean {
  if (!row) return false;
  return attr.isRef ? row.targets(attr).includes(String(value)) : equal(row.values[attr.slot], value);
}

interface Missing {
  readonly attr: KnownAttr;
  readonly id: string;
}

function addMissing(
  missing: Missing[],
  required: readonly KnownAttr[],
  idAttr: KnownAttr | undefined,
  id: string,
  row: Row | undefined,
): void {
  if (!row || row.isEmpty()) return;
  for (const attr of required) if ((row.values[attr.slot] ?? null) === null) missing.push({ attr, id });
  if (!row.exists(idAttr) && idAttr) missing.push({ attr: idAttr, id });
}

const mostMissing = 100;

function checkMissing(missing: readonly Missing[]): void {
  if (missing.length === 0) return;
  const byAttr = missing.toSorted(({ attr: a }, { attr: b }) => (a.id < b.id ? -1 : Number(a.id > b.id))).slice(0, mostMissing);
  const names = new Set(byAttr.map(({ attr: { etype, label } }) => `${etype}.${label}`));
  throw rejection('validation-failed', `Missing required attributes: ${[...names].join(', ')}`, {
    records: byAttr.map(({ attr: { id: attrId, etype, label, isRequired }, id }) => {
      return { attr_id: attrId, entity_id: id, etype, label, is_required: isRequired || null };
    }),
  });
}

/** Treats all rows of a namespace as written, for an attr that gains a constraint. */
function* asWritten(db: Db, etype: string): Generator<void, Changes> {
  const changes = new Map<string, RowChange>();
  yield* eachInSlices(db.rows(etype), (after) => void changes.set(after.id, { before: undefined, after }));
  return changes;
}

/** @throws InstantAPIError if existing data violates the attr's constraints */
export function* checkAttrConstraints(db: Db, attr: KnownAttr): Generator<void, void> {
  const { idAttr } = db.attrs.namespace(attr.etype);
  const rows = yield* asWritten(db, attr.etype);
  const slices = new Slices();
  if (attr.checkedType) yield* checkTypes(attr, attr.checkedType, rows, slices);
  if (attr.isUnique && attr !== idAttr) yield* checkUnique(undefined, attr, rows, slices);
  if (attr.isRequired) checkNoneLacks(attr, rows);
  if (attr.isMany || !attr.isRef) return;
  yield* eachInSlices(rows.values(), ({ after }) => {
    if ((after?.targets(attr).length ?? 0) <= 1) return;
    const message = `'${attr.etype}.${attr.label}' cannot have one value: some entities have several`;
    throw rejection('record-not-unique', message, { 'record-type': 'triple' });
  });
}

function checkNoneLacks({ id, etype, label, slot }: KnownAttr, rows: Changes): void {
  const isLacking = [...rows.values()].some(({ after }) => after && !after.isEmpty() && (after.values[slot] ?? null) === null);
  if (!isLacking) return;
  throw invalid('attributes', { id }, [{ message: `'${etype}.${label}' cannot be required: there are entities without it` }]);
}

function wrongType(attr: KnownAttr, type: CheckedType, id: string, value: Value): Error {
  const { etype, label } = attr;
  const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return rejection('validation-failed', `Invalid value type for ${etype}.${label}: it must be a ${type}, and is a ${found}`, {
    namespace: etype,
    attribute: label,
    value: shownValue(value),
    'checked-data-type': type,
    'attr-id': attr.id,
    'entity-id': id,
  });
}

function notUnique({ id, etype, label }: KnownAttr, value: Value): Error {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return rejection(
    'record-not-unique',
    `\`${label}\` is a unique attribute on \`${etype}\` and an entity already exists with \`${etype}.${label}\` = ${text}`,
    {
      'record-type': 'triple',
      'attr-id': id,
      etype,
      label,
      value: jsonText(value),
    },
  );
}
