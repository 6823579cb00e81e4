// The cut of a sorted list: which stretch of it a form shows, given its limit and the cursors of the server's page.

import type { Row } from '../db/row.ts';
import type { Form } from './compile.ts';
import type { Order } from './order.ts';
import type { PageInfo } from './query.ts';

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Undefined = nothing to show: a page whose place is not known yet, or that is empty. */
export function stretch(rows: readonly Row[], form: Form, order: Order, page: PageInfo | undefined): Stretch | undefined {
  let from = 0;
  let to = rows.length;
  if (!form.isLeading) {
    if (!page?.startCursor) return undefined;
    const { startCursor, endCursor } = page;
    if (form.isCursorKnown(startCursor)) {
      from = firstWhere(rows, (row) => order.compareCursor(startCursor, row) <= 0);
      if (endCursor) to = firstWhere(rows, (row) => order.compareCursor(endCursor, row) < 0);
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

/** The first place from which on all rows pass; rows are sorted so that none passes before. */
export function firstWhere<R>(rows: readonly R[], passes: (row: R) => boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(rows[middle] as R)) high = middle;
    else low = middle + 1;
  }
  return low;
}
