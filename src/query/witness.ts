// The triples that prove that a row matches and that others do not. A client treats values it has not received as missing, so the values
// that a `where` or an order reads are sent for every entity of the result if a missing one could match. Each row is visited once per part
// of the `where` that leads to it.

import type { CompiledQuery, QueryNode } from './compile.ts';
import type { Db } from '../db/db.ts';
import type { KnownAttr } from '../db/attrs.ts';
import type { Triple } from '../protocol/triple.ts';
import { type LinkStep, type Where, farRow, linked, matches, matchesStep, type LinkEnd } from './where.ts';
import { type Row, attrTriples } from '../db/row.ts';
import { interruption, isDue, spend } from './pass.ts';

/** Adds the triples that prove that a matching row matches. Yields when the pass should be interrupted. */
export function* addWitnesses(start: Where, startRow: Row, db: Db, witness: WitnessTriples): Generator<void, void> {
  const open: [Where, Row][] = [[start, startRow]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [where, row] = next;
    if (witness.isShown(where, row)) continue;
    spend(1 + where.tests.length);
    for (const { attr, condition } of where.tests) {
      witness.add(attr, row);
      const value = row.values[attr.slot];
      if (condition.testsNull || (condition.acceptsNull && (value === undefined || value === null))) witness.add(where.idAttr, row);
    }
    for (const step of where.steps) {
      if (step.acceptsNone || step.idConditions.some(({ testsNull: asksNull }) => asksNull)) witness.add(where.idAttr, row);
      for (const id of linked(db, step, row.id, row)) {
        let isMatch: boolean | undefined;
        while ((isMatch = attempt(() => matchesStep(step, id, db))) === undefined) yield;
        spend(1);
        if (!isMatch) continue;
        witness.addLink(step, row.id, id);
        open.push([step.far, farRow(step, id, db)]);
      }
    }
    for (const { kind, members } of where.groups) {
      for (const member of members) {
        let isMatch: boolean | undefined = kind === 'and' ? true : undefined;
        while ((isMatch ??= attempt(() => matches(member, row, db))) === undefined) yield;
        if (isMatch) open.push([member, row]);
      }
    }
    if (isDue()) yield;
  }
}

/** Undefined if the pass was interrupted: call it again. */
export function attempt(decide: () => boolean): boolean | undefined {
  try {
    return decide();
  } catch (error) {
    if (error !== interruption) throw error;
    return undefined;
  }
}

/** Adds, for every entity of the result, the values that must not seem to be missing. */
export function* addAbsenceWitnesses(compiled: CompiledQuery, db: Db, witness: WitnessTriples): Generator<void, void> {
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
  for (const attr of values) {
    for (const row of witness.entities(db.attrs.idAttr(attr.etype))) {
      spend(1);
      witness.add(attr, row);
      if (isDue()) yield;
    }
  }
  for (const step of links) {
    const etype = step.isForward ? step.attr.etype : step.attr.reverseEtype;
    for (const row of witness.entities(etype === undefined ? undefined : db.attrs.idAttr(etype))) {
      const ids = linked(db, step, row.id, row);
      spend(1 + ids.length);
      for (const id of ids) witness.addLink(step, row.id, id);
      if (isDue()) yield;
    }
  }
}

/** The matching targets of a link; all values of another attr. */
type WitnessedTargets = 'all' | Set<string>;

export class WitnessTriples {
  readonly #db: Db;
  readonly #parts = new Map<KnownAttr, Map<Row, WitnessedTargets>>();
  readonly #shown = new Map<Where, Set<string>>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Whether the witnesses of this row were collected before. */
  isShown(where: Where, row: Row): boolean {
    let rows = this.#shown.get(where);
    if (!rows) this.#shown.set(where, (rows = new Set<string>()));
    if (rows.has(row.id)) return true;
    rows.add(row.id);
    return false;
  }

  /** All values of a row for an attr. */
  add(attr: KnownAttr, row: Row): void {
    if (row.values[attr.slot] !== undefined) this.#of(attr).set(row, 'all');
  }

  /** One link, from either end. */
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

  /** The rows of a namespace whose id triples were collected. */
  entities(idAttr: KnownAttr | undefined): readonly Row[] {
    return idAttr ? [...(this.#parts.get(idAttr)?.keys() ?? [])] : [];
  }

  *triples(): Generator<void, Triple[]> {
    const triples: Triple[] = [];
    for (const [attr, parts] of this.#parts) {
      for (const [row, part] of parts) {
        const before = triples.length;
        for (const triple of attrTriples(row, attr)) if (part === 'all' || part.has(triple[2] as string)) triples.push(triple);
        spend(triples.length - before);
        if (isDue()) yield;
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
