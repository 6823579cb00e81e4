// Where to look for a form's rows: everywhere in the namespace, or only where an index says, if the `where` has an
// equality that must hold.

import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import type { Value } from '../protocol/triple.ts';
import type { Form } from './compile.ts';
import type { Where } from './where.ts';

export function candidates(form: Form, db: Db): Iterable<Row> {
  const ids = form.where && narrowed(form.where, db);
  return ids === undefined ? db.rows(form.etype) : rowsOf(ids, form.etype, db);
}

function* rowsOf(ids: Iterable<string>, etype: string, db: Db): Generator<Row> {
  for (const id of ids) {
    const row = db.row(etype, id);
    if (row) yield row;
  }
}

/** Each id once. */
export function narrowed(where: Where, db: Db): Iterable<string> | undefined {
  for (const { attr, condition } of where.tests) {
    if (!condition.equals || condition.acceptsNull) continue;
    if (attr === where.idAttr) return new Set(condition.equals.filter((id) => typeof id === 'string'));
    if (attr.isUnique || attr.isIndexed) return each(condition.equals, (value) => db.holders(attr, value));
  }
  for (const step of where.steps) {
    const ids = step.idConditions.find(({ equals, acceptsNull }) => equals && !acceptsNull)?.equals;
    if (!ids || step.acceptsNone) continue;
    return each(ids, (id) =>
      typeof id !== 'string' ? [] : step.isForward ? db.sources(step.attr, id) : (db.row(step.etype, id)?.targets(step.attr) ?? []),
    );
  }
  return undefined;
}

function each(values: readonly Value[], idsOf: (value: Value) => readonly string[]): Iterable<string> {
  return values.length === 1 ? idsOf(values[0]) : new Set(values.flatMap(idsOf));
}
