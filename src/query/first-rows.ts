// The rows a short list begins with, found without looking at all there are: in an order that is kept for all who ask for it, until there
// are enough.

import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import { narrowed } from './candidates.ts';
import type { Form } from './compile.ts';
import type { Order } from './order.ts';
import { matches } from './where.ts';

/** A few more than are shown, so that not every row that goes has to be replaced by looking again. */
const spare = 2;

/** Undefined where that is no shorter way, or all that match are among the first. */
export function firstRows(form: Form, order: Order, db: Db): Row[] | undefined {
  const wanted = form.limit * spare;
  if (!Number.isFinite(wanted) || db.size(form.etype) <= wanted) return undefined;
  const few = form.where && narrowed(form.where, db);
  if (few && [...few].length <= wanted) return undefined;
  const sorted = db.sorted?.(form.etype, `${order.attr?.id} ${order.attr?.checkedType} ${order.isDescending}`, order.compare);
  if (!sorted) return undefined;
  const rows: Row[] = [];
  for (const row of sorted) {
    if (!row.exists(form.idAttr) || (form.where && !matches(form.where, row, db))) continue;
    rows.push(row);
    if (rows.length === wanted) return rows;
  }
  return undefined;
}
