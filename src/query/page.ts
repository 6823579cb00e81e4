// The cut of a sorted list: its order, and which stretch of it a form shows, given its limit and the cursors of the server's page.

import type { Row } from '../db/row.ts';
import type { Form } from './compile.ts';
import { type Order, orderBy, rowAt } from './order.ts';
import type { PageInfo } from './query.ts';

/** A page keeps the order it was cut in: that of its cursor. */
export function orderOfPage({ order: asked, attrs, idAttr }: Form, page: PageInfo | undefined): Order {
  const attr = page?.startCursor && attrs.byId(page.startCursor[1]);
  return attr ? orderBy(attr === idAttr ? undefined : attr, asked.isDescending) : asked;
}

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Empty for a page whose place is not known yet, or that is empty. */
export function stretch(rows: readonly Row[], form: Form, order: Order, page: PageInfo | undefined): Stretch {
  let from = 0;
  let to = rows.length;
  if (!form.isLeading) {
    if (!page?.startCursor) return { from, to: 0 };
    const { startCursor, endCursor } = page;
    if (form.attrs.byId(startCursor[1])) {
      from = placeAmong(rows, rowAt(startCursor, order), order.compare);
      if (endCursor) to = placeAmong(rows, rowAt(endCursor, order), (a, b) => order.compare(a, b) || -1);
    }
  }
  if (form.fromEnd) from = Math.max(from, to - form.limit);
  return { from, to: Math.max(from, Math.min(to, from + form.limit)) };
}

/** The place of the first row that does not come before this one. */
export function placeAmong<R>(rows: readonly R[], row: R, compare: (a: R, b: R) => number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(rows[middle] as R, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
