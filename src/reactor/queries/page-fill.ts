// The rows that follow a full page, if some result contains all rows of its list: they take the places of rows that pending writes move out of
// the page or delete. Without such a result, the next row is not known, and the page stays short.

import { lowerBound } from '../../lib/sorted.ts';
import type { Row } from '../../db/row.ts';
import { matchesNode, orderName } from '../../query/candidates.ts';
import type { QueryNode } from '../../query/compile.ts';
import { type Order, rowAt } from '../../query/order.ts';
import { pageOrder } from '../../query/paging.ts';
import type { PageInfo } from '../../query/query.ts';
import type { CompleteList } from './complete-lists.ts';
import { coverageOf } from './query-needs.ts';

/** Outward from the page. */
export function* rowsBeyond(node: QueryNode, page: PageInfo | undefined, lists: Iterable<CompleteList>): Generator<Row> {
  const { etype, fromEnd, isLeading } = node;
  const cursor = fromEnd ? page?.hasPreviousPage && page.startCursor : page?.hasNextPage && page.endCursor;
  if (!cursor || !isLeading) return;
  const order = pageOrder(node, page);
  for (const list of lists) {
    if (!tells(list, node, order)) continue;
    const { baseStore } = list.live.view;
    const sorted = baseStore.sorted(etype, orderName(order), order.compare) as readonly Row[] | undefined;
    const rows = sorted ?? [...baseStore.rows(etype)].sort(order.compare);
    const edge = lowerBound(rows, rowAt(cursor, order), (a, b) => order.compare(a, b) || (fromEnd ? 0 : -1));
    for (const row of fromEnd ? rows.slice(0, edge).reverse() : rows.slice(edge)) if (matchesNode(node, row, baseStore)) yield row;
    return;
  }
}

/** Whether the list has what decides its rows' places in the page: its own conditions hold; others must be about values it contains. */
function tells({ live, node: { options } }: CompleteList, { etype, attrs, options: { where = {} } }: QueryNode, order: Order): boolean {
  const { attrs: known } = coverageOf(live.view.compiled, etype);
  const others = Object.entries(where).filter(([key]) => !(key in (options.where ?? {})));
  const isKnown = (label: string): boolean => known.has(attrs.forward(etype, label)?.id ?? '');
  return labelsOf(Object.fromEntries(others)).every(isKnown) && (!order.attr || known.has(order.attr.id));
}

function labelsOf(where: object): string[] {
  return Object.entries(where).flatMap(([key, value]) => (key === 'or' || key === 'and' ? (value as object[]).flatMap(labelsOf) : [key]));
}
