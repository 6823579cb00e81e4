// The rows to check for a node: the whole namespace, or those that an index returns if the `where` requires an equality.

// The rows a list begins with, in order: all that fit, or the first of them, if it is short and there is an order that is kept for all who
// ask for it. Then it needs not look at all there are.

import type { Db } from '../db/db.ts';
import type { Order } from './order.ts';
import type { QueryNode } from './compile.ts';
import type { Row } from '../db/row.ts';
import type { Value } from '../protocol/triple.ts';
import { matches, nearEnds } from './where.ts';

/** Whether a row matches the node. */
export function matchesNode({ idAttr, where }: QueryNode, row: Row, db: Db): boolean {
  return row.exists(idAttr) && (!where || matches(where, row, db));
}

/** @param ids restricts the candidates */
export function candidates(node: QueryNode, db: Db, ids = narrowedIds(node, db)): Iterable<Row> {
  return ids ? rowsOf(ids, node.etype, db) : db.rows(node.etype);
}

export function rowsOf(ids: readonly string[], etype: string, db: Db): Row[] {
  const rows: Row[] = [];
  for (const id of ids) {
    const row = db.row(etype, id);
    if (row) rows.push(row);
  }
  return rows;
}

/** Without duplicates. Undefined if every row is a candidate. */
export function narrowedIds({ where }: QueryNode, db: Db): readonly string[] | undefined {
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

/** More rows than the limit are kept, so that the removal of one does not require another scan. */
const overfetch = 2;

interface FirstRows {
  readonly rows: Row[];
  /** Rows after this one were not searched. */
  readonly horizon: Row | undefined;
}

export const orderName = ({ attr, isDescending }: Order): string => `${attr?.id} ${attr?.checkedType} ${isDescending}`;

/** All rows in this order, if the table maintains it. */
function sortedRows(etype: string, order: Order, db: Db): readonly Row[] | undefined {
  const sorted = db.sorted?.(etype, orderName(order), order.compare);
  return sorted && ('step' in sorted ? undefined : sorted);
}

export function firstRows(node: QueryNode, order: Order, db: Db): FirstRows {
  const { etype, limit } = node;
  const count = limit * overfetch;
  const ids = narrowedIds(node, db);
  const isShort = node.isLeading && !node.fromEnd && db.size(etype) > count && !(ids && ids.length <= count);
  const sorted = isShort ? sortedRows(etype, order, db) : undefined;
  const rows: Row[] = [];
  for (const row of sorted ?? candidates(node, db, ids)) {
    if (!matchesNode(node, row, db)) continue;
    rows.push(row);
    if (sorted && rows.length === count) return { rows, horizon: row };
  }
  return { rows: sorted ? rows : rows.sort(order.compare), horizon: undefined };
}
