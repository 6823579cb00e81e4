// The rows a list begins with, in order: all that fit, or the first of them, if it is short and there is an order that is kept for all who
// ask for it. Then it needs not look at all there are.

import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import { candidates, fits, narrowed } from './candidates.ts';
import type { Form } from './compile.ts';
import type { Order } from './order.ts';

/** A few more than are shown, so that not every row that goes has to be replaced by looking again. */
const spare = 2;

interface FirstRows {
  readonly rows: Row[];
  /** Rows that come behind this one were not looked for. */
  readonly horizon: Row | undefined;
}

export function firstRows(form: Form, { attr, isDescending, compare }: Order, db: Db): FirstRows {
  const { etype, limit } = form;
  const wanted = limit * spare;
  const few = narrowed(form, db);
  const isShort = form.isLeading && !form.fromEnd && db.size(etype) > wanted && !(few && few.length <= wanted);
  const sorted = isShort ? db.sorted?.(etype, `${attr?.id} ${attr?.checkedType} ${isDescending}`, compare) : undefined;
  const rows: Row[] = [];
  for (const row of sorted ?? candidates(form, db, few)) {
    if (!fits(form, row, db)) continue;
    rows.push(row);
    if (sorted && rows.length === wanted) return { rows, horizon: row };
  }
  return { rows: sorted ? rows : rows.sort(compare), horizon: undefined };
}
