// The page of a form: which stretch of the sorted rows it shows, as a server cuts it and as a client follows the server's page, and the
// place of the page that is told with it. PROTOCOL.md#results

import type { Cursor } from '../protocol/query-result.ts';
import type { PageInfo } from './query.ts';
import type { QueryNode } from './compile.ts';
import { type Order, orderBy, rowAt } from './order.ts';
import { type Row, attrTriples } from '../db/row.ts';
import { lowerBound } from '../lib/sorted.ts';

/** A page keeps the order of its cursor. */
export function pageOrder({ order: requestedOrder, attrs, idAttr }: QueryNode, page: PageInfo | undefined): Order {
  const attr = page?.startCursor && attrs.byId(page.startCursor[1]);
  return attr ? orderBy(attr === idAttr ? undefined : attr, requestedOrder.isDescending) : requestedOrder;
}

export interface PageRange {
  readonly from: number;
  readonly to: number;
}

/** Empty if the position of the page is unknown. A page at the end of its list has room for what a pending write adds behind it. */
export function pageRange(rows: readonly Row[], node: QueryNode, order: Order, page: PageInfo | undefined): PageRange {
  const [first, to] = node.isLeading ? [0, rows.length] : boundsOf(rows, node, order, page);
  const from = node.fromEnd ? Math.max(first, to - node.limit) : first;
  return { from, to: Math.max(from, Math.min(to, from + node.limit)) };
}

/** A page reaches to its cursors. Where an offset or the limit cuts it, only the server's first or last row tells where. */
function boundsOf(rows: readonly Row[], node: QueryNode, order: Order, page: PageInfo | undefined): [from: number, to: number] {
  const { fromEnd, options } = node;
  const { after, afterInclusive, before, beforeInclusive, offset } = options;
  if (!page || (offset && !page.startCursor)) return [0, 0];
  const { startCursor, endCursor, hasNextPage, hasPreviousPage } = page;
  if (startCursor && !node.attrs.byId(startCursor[1])) return [0, rows.length];
  const isOther = (cursor: Cursor | undefined): boolean => startCursor !== null && cursor !== undefined && cursor[1] !== startCursor[1];
  const isStartCut = isOther(after) || (fromEnd ? hasPreviousPage : offset);
  const isEndCut = isOther(before) || (fromEnd ? offset : Number.isFinite(node.limit) && hasNextPage);
  const count = (cursor: Cursor, own: 0 | 1): number => countBefore(rows, cursor, own, order);
  return [
    isStartCut && startCursor ? count(startCursor, 0) : after ? count(after, afterInclusive ? 0 : 1) : 0,
    isEndCut && endCursor ? count(endCursor, 1) : before ? count(before, beforeInclusive ? 1 : 0) : rows.length,
  ];
}

export interface PaginatedRows {
  readonly rows: readonly Row[];
  readonly pageInfo: PageInfo;
}

/** Whether the result includes page info. */
export function isPaged({ options }: QueryNode): boolean {
  const { order, limit, first, last, offset, before, after } = options;
  if (order && Object.keys(order).length > 0) return true;
  return [limit, first, last, offset, before, after].some((option) => option !== undefined && option !== null);
}

/** @param matching all matching rows, in order */
export function paginate(matching: readonly Row[], node: QueryNode): PaginatedRows {
  const { from, to } = range(matching, node);
  return pageOf(matching.slice(from, to), node, to < matching.length, from > 0);
}

/** `isBefore`, `isBehind`: whether there are matching rows before and behind those of the page. */
export function pageOf(rows: readonly Row[], node: QueryNode, isBehind: boolean, isBefore: boolean): PaginatedRows {
  const [first] = rows;
  const last = rows[rows.length - 1];
  const { after, before, last: lastCount } = node.options;
  const isCutBefore = Boolean(after) || (node.options.offset ?? 0) > 0;
  const isEmpty = first === undefined;
  return {
    rows,
    pageInfo: {
      startCursor: first ? cursorOf(first, node) : null,
      endCursor: last ? cursorOf(last, node) : null,
      hasNextPage: !isEmpty && (Number.isFinite(node.limit) || Boolean(before)) && isBehind,
      hasPreviousPage: isEmpty ? isCutBefore : (isCutBefore || Boolean(lastCount)) && isBefore,
    },
  };
}

function range(rows: readonly Row[], node: QueryNode): { from: number; to: number } {
  const { after, afterInclusive, before, beforeInclusive, offset } = node.options;
  let from = 0;
  let to = rows.length;
  if (after) from = countBefore(rows, after, afterInclusive ? 0 : 1, node.order);
  if (before) to = Math.max(from, countBefore(rows, before, beforeInclusive ? 1 : 0, node.order));
  if (node.fromEnd) {
    to = Math.max(from, to - (offset ?? 0));
    return { from: Math.max(from, to - node.limit), to };
  }
  from = Math.min(to, from + (offset ?? 0));
  return { from, to: Math.min(to, from + node.limit) };
}

/** The number of rows before a cursor. @param own whether the cursor's own row counts */
function countBefore(rows: readonly Row[], cursor: Cursor, own: 0 | 1, order: Order): number {
  return lowerBound(rows, rowAt(cursor, order), (a, b) => order.compare(a, b) || -own);
}

function cursorOf(row: Row, { order, idAttr }: QueryNode): Cursor {
  const attr = order.attr ?? idAttr;
  const triple = attr && attrTriples(row, attr)[0];
  return triple ? [...triple] : [row.id, attr?.id ?? '', null, row.t];
}
