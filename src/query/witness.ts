// What proves that a row matches, and what proves that others do not. A client that holds an entity in part takes
// what it does not see for missing; so whatever a `where` or an order asks about and could be taken for missing is
// sent for every entity of the answer.

// The triples collected for an answer, each once: whole values, single links, and which entities are among them.

import type { CompiledQuery, QueryNode } from './compile.ts';
import type { Db } from '../db/db.ts';
import type { KnownAttr } from '../db/attrs.ts';
import type { Triple } from '../protocol/triple.ts';
import { type LinkStep, type Where, farRow, linked, matches, matchesStep, type LinkEnd } from './where.ts';
import { type Row, attrTriples } from '../db/row.ts';

/** Adds what shows that the row, which matches, does. */
export function addWitnesses(where: Where, row: Row, db: Db, witness: WitnessTriples): void {
  for (const { attr, condition } of where.tests) {
    witness.add(attr, row);
    const value = row.values[attr.slot];
    if (condition.testsNull || (condition.acceptsNull && (value === undefined || value === null))) witness.add(where.idAttr, row);
  }
  for (const step of where.steps) addStepWitnesses(step, where, row, db, witness);
  for (const { kind, members } of where.groups) {
    for (const member of members) if (kind === 'and' || matches(member, row, db)) addWitnesses(member, row, db, witness);
  }
}

function addStepWitnesses(step: LinkStep, where: Where, row: Row, db: Db, witness: WitnessTriples): void {
  if (step.acceptsNone || step.idConditions.some(({ testsNull: asksNull }) => asksNull)) witness.add(where.idAttr, row);
  for (const id of linked(db, step, row.id, row)) {
    if (!matchesStep(step, id, db)) continue;
    witness.addLink(step, row.id, id);
    addWitnesses(step.far, farRow(step, id, db), db, witness);
  }
}

/** Adds, for every entity of the answer, what keeps it from passing for one without a value. */
export function addAbsenceWitnesses(compiled: CompiledQuery, db: Db, witness: WitnessTriples): void {
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
  const visit = (node: QueryNode): void => {
    if (node.isEmpty || node.options.aggregate !== undefined) return;
    if (node.order.attr) values.add(node.order.attr);
    if (node.where) visitWhere(node.where);
    node.children.forEach(visit);
  };
  compiled.nodes.forEach(visit);
  for (const attr of values) for (const row of witness.entities(db.attrs.idAttr(attr.etype))) witness.add(attr, row);
  for (const step of links) {
    const etype = step.isForward ? step.attr.etype : step.attr.reverseEtype;
    for (const row of witness.entities(etype === undefined ? undefined : db.attrs.idAttr(etype))) {
      for (const id of linked(db, step, row.id, row)) witness.addLink(step, row.id, id);
    }
  }
}

/** Of a link, the targets that count; else everything the attr has. */
type WitnessedTargets = 'all' | Set<string>;

export class WitnessTriples {
  readonly #db: Db;
  readonly #parts = new Map<KnownAttr, Map<Row, WitnessedTargets>>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Everything a row has for an attr. */
  add(attr: KnownAttr, row: Row): void {
    if (row.values[attr.slot] !== undefined) this.#of(attr).set(row, 'all');
  }

  /** One link, given from either end. */
  addLink({ attr, isForward }: LinkEnd, near: string, far: string): void {
    const row = this.#db.row(attr.etype, isForward ? near : far);
    if (!row) return;
    const parts = this.#of(attr);
    const part = parts.get(row);
    if (part === 'all') return;
    const target = isForward ? far : near;
    if (part) part.add(target);
    else parts.set(row, new Set([target]));
  }

  /** The rows of a namespace whose id triple is here. */
  entities(idAttr: KnownAttr | undefined): readonly Row[] {
    return idAttr ? [...(this.#parts.get(idAttr)?.keys() ?? [])] : [];
  }

  triples(): Triple[] {
    const triples: Triple[] = [];
    for (const [attr, parts] of this.#parts) {
      for (const [row, part] of parts) {
        for (const triple of attrTriples(row, attr)) if (part === 'all' || part.has(triple[2] as string)) triples.push(triple);
      }
    }
    return triples;
  }

  #of(attr: KnownAttr): Map<Row, WitnessedTargets> {
    let parts = this.#parts.get(attr);
    if (!parts) this.#parts.set(attr, (parts = new Map<Row, WitnessedTargets>()));
    return parts;
  }
}
