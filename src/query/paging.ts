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
  let from = 0;
  let to = rows.length;
  if (!node.isLeading) {
    // An empty page behind a cursor begins there.
    if (page && !page.startCursor && node.options.after && !node.options.offset) return range(rows, node);
    if (!page?.startCursor) return { from, to: 0 };
    const { startCursor, endCursor } = page;
    if (node.attrs.byId(startCursor[1])) {
      from = lowerBound(rows, rowAt(startCursor, order), order.compare);
      if (endCursor && !isAtEnd(node, page)) to = lowerBound(rows, rowAt(endCursor, order), (a, b) => order.compare(a, b) || -1);
    }
  }
  if (node.fromEnd) from = Math.max(from, to - node.limit);
  return { from, to: Math.max(from, Math.min(to, from + node.limit)) };
}

/** The server found nothing behind the page. */
function isAtEnd({ options, fromEnd }: QueryNode, { hasNextPage }: PageInfo): boolean {
  return hasNextPage === false && Boolean(options.after) && !options.before && !fromEnd;
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
  if (after) from = countBefore(rows, after, afterInclusive ? 0 : 1, node);
  if (before) to = Math.max(from, countBefore(rows, before, beforeInclusive ? 1 : 0, node));
  if (node.fromEnd) {
    to = Math.max(from, to - (offset ?? 0));
    return { from: Math.max(from, to - node.limit), to };
  }
  from = Math.min(to, from + (offset ?? 0));
  return { from, to: Math.min(to, from + node.limit) };
}

/** The number of rows before a cursor. @param own whether the cursor's own row counts */
function countBefore(rows: readonly Row[], cursor: Cursor, own: 0 | 1, { order }: QueryNode): number {
  return lowerBound(rows, rowAt(cursor, order), (a, b) => order.compare(a, b) || -own);
}

function cursorOf(row: Row, { order, idAttr }: QueryNode): Cursor {
  const attr = order.attr ?? idAttr;
  const triple = attr && attrTriples(row, attr)[0];
  return triple ? [...triple] : [row.id, attr?.id ?? '', null, row.t];
}
