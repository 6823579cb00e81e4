// Where to look for a form's rows: everywhere in the namespace, or only where an index says, if the `where` has an
// equality that must hold.

import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import type { Value } from '../protocol/triple.ts';
import type { Form } from './compile.ts';
import { matches, nearEnds } from './where.ts';

/** Whether a row is one that the form asks for. */
export function fits({ idAttr, where }: Form, row: Row, db: Db): boolean {
  return row.exists(idAttr) && (!where || matches(where, row, db));
}

/** `ids`: where they are narrowed already. */
export function candidates(form: Form, db: Db, ids = narrowed(form, db)): Iterable<Row> {
  return ids ? rowsOf(ids, form.etype, db) : db.rows(form.etype);
}

export function rowsOf(ids: readonly string[], etype: string, db: Db): Row[] {
  const rows: Row[] = [];
  for (const id of ids) {
    const row = db.row(etype, id);
    if (row) rows.push(row);
  }
  return rows;
}

/** Each id once. Undefined where any row may fit. */
export function narrowed({ where }: Form, db: Db): readonly string[] | undefined {
  if (!where) return undefined;
  for (const { attr, condition } of where.tests) {
    if (!condition.equals) continue;
    if (attr === where.idAttr) return each(condition.equals, (id) => (typeof id === 'string' ? [id] : []));
    if (attr.isUnique || attr.isIndexed) return each(condition.equals, (value) => db.holders(attr, value));
  }
  for (const step of where.steps) {
    const ids = step.idConditions.find(({ equals }) => equals)?.equals;
    if (ids && !step.acceptsNone) return each(ids, (id) => (typeof id === 'string' ? nearEnds(step, id, db) : []));
  }
  return undefined;
}

function each(values: readonly Value[], idsOf: (value: Value) => readonly string[]): readonly string[] {
  return values.length === 1 ? idsOf(values[0]) : [...new Set(values.flatMap(idsOf))];
}
