// What proves that a row matches, and what proves that others do not. A client that holds an entity in part takes
// what it does not see for missing; so whatever a `where` or an order asks about and could be taken for missing is
// sent for every entity of the answer.

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import type { CompiledQuery, Form } from './compile.ts';
import type { Proof } from './proof.ts';
import { type LinkStep, type Where, farRow, linked, matches, meetsStep } from './where.ts';

/** Adds what shows that the row, which matches, does. */
export function prove(where: Where, row: Row, db: Db, proof: Proof): void {
  for (const { attr, condition } of where.tests) {
    proof.add(attr, row);
    const value = row.values[attr.slot];
    if (condition.asksNull || (condition.acceptsNull && (value === undefined || value === null))) proof.add(where.idAttr, row);
  }
  for (const step of where.steps) proveStep(step, where, row, db, proof);
  for (const { kind, members } of where.groups) {
    for (const member of members) if (kind === 'and' || matches(member, row, db)) prove(member, row, db, proof);
  }
}

function proveStep(step: LinkStep, where: Where, row: Row, db: Db, proof: Proof): void {
  if (step.acceptsNone || step.idConditions.some(({ asksNull }) => asksNull)) proof.add(where.idAttr, row);
  for (const id of linked(db, step, row.id, row)) {
    if (!meetsStep(step, id, db)) continue;
    proof.addLink(step, row.id, id);
    prove(step.far, farRow(step, id, db), db, proof);
  }
}

/** Adds, for every entity of the answer, what keeps it from passing for one without a value. */
export function refute(compiled: CompiledQuery, db: Db, proof: Proof): void {
  const values = new Set<KnownAttr>();
  const links: LinkStep[] = [];
  const visitWhere = (where: Where): void => {
    for (const { attr, condition } of where.tests) if (condition.acceptsNull) values.add(attr);
    for (const step of where.steps) {
      if (step.acceptsNone) links.push(step);
      visitWhere(step.far);
    }
    for (const { members } of where.groups) members.forEach(visitWhere);
  };
  const visit = (form: Form): void => {
    if (form.isEmpty || form.options.aggregate !== undefined) return;
    if (form.order.attr) values.add(form.order.attr);
    if (form.where) visitWhere(form.where);
    form.children.forEach(visit);
  };
  compiled.forms.forEach(visit);
  for (const attr of values) for (const row of proof.entities(db.attrs.idAttr(attr.etype))) proof.add(attr, row);
  for (const step of links) {
    const etype = step.isForward ? step.attr.etype : step.attr.reverseEtype;
    for (const row of proof.entities(etype === undefined ? undefined : db.attrs.idAttr(etype))) {
      for (const id of linked(db, step, row.id, row)) proof.addLink(step, row.id, id);
    }
  }
}
