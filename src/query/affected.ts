// Whether a change can have altered the answer to a query: asked for every live query after every transaction, so it
// looks only at what the change touched. When in doubt it says yes. What rules say is not asked here beyond `visible`:
// a rule that reads other entities must be watched by whoever knows it.

import type { Db } from '../db/db.ts';
import { Layer } from '../db/layer.ts';
import type { Report, RowChange } from '../db/report.ts';
import type { Row } from '../db/row.ts';
import { fits } from './candidates.ts';
import type { ChildForm, CompiledQuery, Form } from './compile.ts';
import type { AnswerOptions } from './evidence.ts';
import { eachChangedLink, trace } from './trace.ts';
import { type Visible, VisibleDb } from './visible.ts';
import { type Where, nearEnds } from './where.ts';

export interface Change {
  readonly report: Report;
  readonly before: Db;
  readonly after: Db;
  /** Whether rows count that changed in nothing that is shown. */
  readonly isExact?: boolean;
}

/** `db`: after the change that `report` tells of. */
export function isAffected(compiled: CompiledQuery, report: Report, db: Db, options: AnswerOptions = {}): boolean {
  return isAffectedBy(compiled, changeOf(report, db), options);
}

/** The same for many queries and one change. */
export function isAffectedBy(compiled: CompiledQuery, change: Change, { visible }: AnswerOptions = {}): boolean {
  let touches = false;
  for (const etype of change.report.keys()) touches ||= compiled.etypes.has(etype);
  if (!touches) return false;
  const seen = visible ? seenThrough(change, visible) : change;
  return compiled.forms.some((form) => affectedRows(form, seen).size > 0);
}

/** `db`: after the change that `report` tells of. */
export function changeOf(report: Report, db: Db): Change {
  return { report, before: undone(report, db), after: db };
}

function seenThrough({ report, before, after }: Change, visible: Visible): Change {
  return { report, before: new VisibleDb(before, visible), after: new VisibleDb(after, visible) };
}

/** The Db as it was. */
function undone(report: Report, db: Db): Db {
  const layer = new Layer(db);
  for (const [etype, changes] of report) for (const [id, { before }] of changes) layer.put(etype, id, before);
  return layer;
}

/** The rows that a form shows or showed, and would be answered otherwise than before. */
export function affectedRows(form: Form, change: Change): ReadonlySet<string> {
  const affected = new Set<string>();
  if (form.isEmpty) return affected;
  const { report, after } = change;
  for (const id of reached(form, report, after)) {
    const isShown = shows(form, id, after);
    const wasShown = shows(form, id, change.before);
    if ((isShown || wasShown) && (isShown !== wasShown || change.isExact || isTold(form, report.get(form.etype)?.get(id))))
      affected.add(id);
  }
  for (const child of form.children) {
    for (const id of affectedParents(child, change)) if (shows(form, id, after) || shows(form, id, change.before)) affected.add(id);
  }
  return affected;
}

const nobody: ReadonlyMap<string, RowChange> = new Map();

/** The rows of a form that a change reaches other than from below; those that changed and no others, where no path leads here. */
function reached(form: Form, report: Report, after: Db): Iterable<string> {
  if (!form.where || (form.where.steps.length === 0 && form.where.groups.length === 0)) return (report.get(form.etype) ?? nobody).keys();
  return trace({ ...form, children: [] }, report, after).ids;
}

function affectedParents(child: ChildForm, change: Change): ReadonlySet<string> {
  const parents = new Set<string>();
  const { link } = child;
  if (!link || child.isEmpty) return parents;
  const { report, before, after } = change;
  for (const id of affectedRows(child, change)) {
    for (const db of [before, after]) for (const parent of nearEnds(link, id, db)) parents.add(parent);
  }
  eachChangedLink(link, report, (near, far) => {
    if (shows(child, far, after) || shows(child, far, before)) parents.add(near);
  });
  return parents;
}

function shows(form: Form, id: string, db: Db): boolean {
  const row = db.row(form.etype, id);
  return row !== undefined && fits(form, row, db);
}

/** Whether a row shown before and after is answered with something that changed. */
function isTold(form: Form, change: RowChange | undefined): boolean {
  if (!change?.before || !change.after || !Array.isArray(form.options.fields)) return true;
  const { before, after } = change;
  if (before.t !== after.t) return true;
  const slots = new Set(form.fields.map(({ slot }) => slot));
  if (form.order.attr) slots.add(form.order.attr.slot);
  if (form.where) addAsked(form.where, slots);
  return [...slots].some((slot) => differs(before, after, slot));
}

function addAsked(where: Where, slots: Set<number>): void {
  for (const { attr } of where.tests) slots.add(attr.slot);
  for (const step of where.steps) if (step.isForward) slots.add(step.attr.slot);
  for (const { members } of where.groups) for (const member of members) addAsked(member, slots);
}

function differs(before: Row, after: Row, slot: number): boolean {
  return before.values[slot] !== after.values[slot];
}
