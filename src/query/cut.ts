// The page of a form as a server cuts it: which of all matching rows are on it, and what the client is told of its
// place. PROTOCOL.md#answers

import type { Row } from '../db/row.ts';
import { attrTriples } from '../db/triples.ts';
import type { Cursor } from '../protocol/query-answer.ts';
import type { Form } from './compile.ts';
import { rowAt } from './order.ts';
import { placeAmong } from './page.ts';
import type { PageInfo } from './query.ts';

export interface Cut {
  readonly rows: readonly Row[];
  readonly pageInfo: PageInfo;
}

/** Whether the client is to be told of a page. */
export function isPaged({ options }: Form): boolean {
  const { order, limit, first, last, offset, before, after } = options;
  if (order && Object.keys(order).length > 0) return true;
  return [limit, first, last, offset, before, after].some((option) => option !== undefined && option !== null);
}

/** `matching`: all that match, in order. */
export function cut(matching: readonly Row[], form: Form): Cut {
  const { from, to } = range(matching, form);
  const rows = matching.slice(from, to);
  const first = rows[0];
  const last = rows[rows.length - 1];
  const { after, before, last: lastCount } = form.options;
  const offset = form.options.offset ?? 0;
  const isEmpty = first === undefined;
  return {
    rows,
    pageInfo: {
      startCursor: first ? cursorOf(first, form) : null,
      endCursor: last ? cursorOf(last, form) : null,
      hasNextPage: !isEmpty && (Number.isFinite(form.limit) || Boolean(before)) && to < matching.length,
      hasPreviousPage: isEmpty ? Boolean(after) || offset > 0 : (Boolean(after) || offset > 0 || Boolean(lastCount)) && from > 0,
    },
  };
}

function range(rows: readonly Row[], form: Form): { from: number; to: number } {
  const { after, afterInclusive, before, beforeInclusive, offset } = form.options;
  let from = 0;
  let to = rows.length;
  if (after) from = countBefore(rows, after, afterInclusive ? 0 : 1, form);
  if (before) to = Math.max(from, countBefore(rows, before, beforeInclusive ? 1 : 0, form));
  if (form.fromEnd) return { from: Math.max(from, to - form.limit), to };
  from = Math.min(to, from + (offset ?? 0));
  return { from, to: Math.min(to, from + form.limit) };
}

/** How many rows come before a cursor; `own`: whether the cursor's own counts. */
function countBefore(rows: readonly Row[], cursor: Cursor, own: 0 | 1, { order }: Form): number {
  return placeAmong(rows, rowAt(cursor, order), (a, b) => order.compare(a, b) || -own);
}

function cursorOf(row: Row, { order, idAttr }: Form): Cursor {
  const attr = order.attr ?? idAttr;
  const triple = attr && attrTriples(row, attr)[0];
  return triple ? [...triple] : [row.id, attr?.id ?? '', null, row.t];
}
