// Decides whether a change set can have altered the result of a query. Runs for every live query after every transaction, so it reads only
// what the change touched, and answers true when in doubt. Rules count only through `visible`: the caller must track rules that read other
// entities.

import type { Db } from '../db/db.ts';
import { Layer } from '../db/layer.ts';
import type { ChangeSet, RowChange } from '../db/change-set.ts';
import type { Row } from '../db/row.ts';
import { matchesNode } from './candidates.ts';
import type { ChildQueryNode, CompiledQuery, QueryNode } from './compile.ts';
import { newPass, spend, within } from './pass.ts';
import type { ResultOptions } from './result-triples.ts';
import { eachChangedLink, trace } from './trace.ts';
import { type Visible, VisibleDb } from './visible.ts';
import { type Where, nearEnds } from './where.ts';

export interface Change {
  readonly changeSet: ChangeSet;
  readonly before: Db;
  readonly after: Db;
  /** Whether to include rows of which no selected value changed. */
  readonly isExact?: boolean;
}

/** @param db the state after the change */
export function isAffected(compiled: CompiledQuery, changeSet: ChangeSet, db: Db, { visible }: ResultOptions = {}): boolean {
  return isAffectedBy(compiled, changeOf(changeSet, db), visible && (() => visible));
}

/** The same for many queries and one change set. */
export function isAffectedBy(compiled: CompiledQuery, change: Change, visibleIn?: VisibleIn): boolean {
  let touches = false;
  for (const etype of change.changeSet.keys()) touches ||= compiled.etypes.has(etype);
  if (!touches) return false;
  const masked = visibleIn ? maskChange(change, visibleIn) : change;
  return within(newPass(), () => compiled.nodes.some((node) => affectedIds(node, masked).next().done === false));
}

/** @param db the state after the change */
export function changeOf(changeSet: ChangeSet, db: Db): Change {
  return { changeSet, before: revert(changeSet, db), after: db };
}

/** Filters a Db by read access. */
export type VisibleIn = (db: Db) => Visible;

function maskChange({ changeSet, before, after }: Change, visibleIn: VisibleIn): Change {
  return { changeSet, before: new VisibleDb(before, visibleIn(before)), after: new VisibleDb(after, visibleIn(after)) };
}

/** The Db before the change. */
function revert(changeSet: ChangeSet, db: Db): Db {
  const layer = new Layer(db);
  for (const [etype, changes] of changeSet) for (const [id, { before }] of changes) layer.put(etype, id, before);
  return layer;
}

/** The rows that a node contains or contained and whose part of the result may differ. */
export function affectedRows(node: QueryNode, change: Change): ReadonlySet<string> {
  return new Set(affectedIds(node, change));
}

/** Of a row that is looked for before and after the change, and tested. */
const workOfRow = 4;

/** Some may come twice. */
function* affectedIds(node: QueryNode, change: Change): Generator<string> {
  if (node.isEmpty) return;
  const { changeSet, after } = change;
  for (const id of reachedIds(node, changeSet, after)) {
    spend(workOfRow);
    const isIncluded = includes(node, id, after);
    const wasIncluded = includes(node, id, change.before);
    if (
      (isIncluded || wasIncluded) &&
      (isIncluded !== wasIncluded || change.isExact || isVisibleChange(node, changeSet.get(node.etype)?.get(id)))
    )
      yield id;
  }
  for (const child of node.children) {
    for (const id of affectedParents(child, change)) if (includes(node, id, after) || includes(node, id, change.before)) yield id;
  }
}

const EMPTY: ReadonlyMap<string, RowChange> = new Map();

/** The rows of a node that a change reaches except through child nodes; without paths to the node, the changed rows only. */
function reachedIds(node: QueryNode, changeSet: ChangeSet, after: Db): Iterable<string> {
  if (!node.where || (node.where.steps.length === 0 && node.where.groups.length === 0)) return (changeSet.get(node.etype) ?? EMPTY).keys();
  return trace({ ...node, children: [] }, changeSet, after).ids;
}

function affectedParents(child: ChildQueryNode, change: Change): ReadonlySet<string> {
  const parents = new Set<string>();
  const { link } = child;
  if (!link || child.isEmpty) return parents;
  const { changeSet, before, after } = change;
  for (const id of affectedRows(child, change)) {
    for (const db of [before, after]) for (const parent of nearEnds(link, id, db)) parents.add(parent);
  }
  eachChangedLink(link, changeSet, (near, far) => {
    if (includes(child, far, after) || includes(child, far, before)) parents.add(near);
  });
  return parents;
}

function includes(node: QueryNode, id: string, db: Db): boolean {
  const row = db.row(node.etype, id);
  return row !== undefined && matchesNode(node, row, db);
}

/** Whether a row that is in both results has a changed selected value. */
function isVisibleChange(node: QueryNode, change: RowChange | undefined): boolean {
  if (!change?.before || !change.after || !Array.isArray(node.options.fields)) return true;
  const { before, after } = change;
  if (before.t !== after.t) return true;
  const slots = new Set(node.fields.map(({ slot }) => slot));
  if (node.order.attr) slots.add(node.order.attr.slot);
  if (node.where) addConditionSlots(node.where, slots);
  return [...slots].some((slot) => differs(before, after, slot));
}

function addConditionSlots(where: Where, slots: Set<number>): void {
  for (const { attr } of where.tests) slots.add(attr.slot);
  for (const step of where.steps) if (step.isForward) slots.add(step.attr.slot);
  for (const { members } of where.groups) for (const member of members) addConditionSlots(member, slots);
}

function differs(before: Row, after: Row, slot: number): boolean {
  return before.values[slot] !== after.values[slot];
}
