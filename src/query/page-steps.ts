// One page of a node, read from an order that the data keeps: from the cursor or the end on, only until the page is filled and it is known
// whether there is more on either side. Rules are asked about the rows that are read, not about all.

import type { Compare, Db } from '../db/db.ts';
import { Row } from '../db/row.ts';
import { lowerBound } from '../lib/sorted.ts';
import { sortInSteps, type Sorting } from '../lib/sort-steps.ts';
import { narrowedIds, orderName } from './candidates.ts';
import type { QueryNode } from './compile.ts';
import { matchingSteps, matchOf, storedIn } from './matching.ts';
import { rowAt } from './order.ts';
import { pageOf, paginate, type PaginatedRows } from './paging.ts';
import { isDue, spend } from './pass.ts';
import { VisibleDb } from './visible.ts';

/** With fewer candidates, sorting costs less than reading the order. */
const minSorted = 1000;

/** Yields when the pass should be interrupted. */
export function* pageSteps(node: QueryNode, db: Db): Generator<void, PaginatedRows> {
  const sequence = isCut(node) ? yield* sequenceOf(node, db) : undefined;
  if (sequence) return yield* readPage(sequence, node, db);
  const sorting = sortInSteps(yield* matchingSteps(node, db), node.order.compare);
  while (!sorting.result) yield* step(sorting);
  return paginate(sorting.result, node);
}

/** Whether a page may be much shorter than the list it is cut from. */
function isCut({ isEmpty, limit, options }: QueryNode): boolean {
  return !isEmpty && (Number.isFinite(limit) || Boolean(options.after) || Boolean(options.before));
}

function* step(sorting: Sorting<Row>): Generator<void, void> {
  spend(sorting.step());
  if (isDue()) yield;
}

/** A part of an order: stored rows, sorted by `compare`, of which some may belong elsewhere. */
interface Stretch {
  readonly rows: readonly Row[];
  readonly compare: Compare;
  /** Whether a row has its place in this stretch. */
  readonly holds: (seen: Row) => boolean;
}

/** All rows of a namespace in order, as one or several stretches that follow each other. */
class Sequence {
  #stretches: readonly Stretch[];
  #isOwn = false;
  readonly length: number;

  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
    this.length = stretches.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  /** Makes it independent of the kept orders, which change with the data. */
  detach(): void {
    if (!this.#isOwn) this.#stretches = this.#stretches.map((stretch) => ({ ...stretch, rows: stretch.rows.slice() }));
    this.#isOwn = true;
  }

  at(index: number): [stored: Row, stretch: Stretch] {
    let from = 0;
    for (const stretch of this.#stretches) {
      const stored = stretch.rows[index - from];
      if (stored) return [stored, stretch];
      from += stretch.rows.length;
    }
    throw new RangeError(`no row at ${index}`);
  }

  /** The number of rows before a cursor. @param own whether the row of the cursor itself counts */
  countBefore(cursor: Row, own: 0 | 1): number {
    let from = 0;
    for (const { rows, compare, holds } of this.#stretches) {
      if (holds(cursor)) return from + lowerBound(rows, cursor, (a, b) => compare(a, b) || -own);
      from += rows.length;
    }
    return from;
  }
}

/** Undefined where no order is kept, or where there are few rows to sort. */
function* sequenceOf(node: QueryNode, db: Db): Generator<void, Sequence | undefined> {
  const { etype, order } = node;
  const stored = storedIn(db);
  // Rules cost more than reading the order, and may count the rows that they are asked about.
  const all = db instanceof VisibleDb ? Number.POSITIVE_INFINITY : stored.size(etype);
  if ((narrowedIds(node, stored)?.length ?? all) <= minSorted) return undefined;
  const { attr, isDescending, compare } = order;
  const byValue = { name: orderName(order), compare, holds: (): boolean => true };
  if (!attr || !(db instanceof VisibleDb) || db.showsField(attr)) return yield* keptOrders(etype, [byValue], stored);
  // A hidden value has the place of a missing one, whatever is stored: missing values come first, by their ids.
  const isMissing = (row: Row): boolean => compare(row, new Row(row.id, row.t, [])) === 0;
  const missing = { name: `id ${isDescending}`, compare: byId(isDescending), holds: isMissing };
  const present = { ...byValue, holds: (row: Row) => !isMissing(row) };
  return yield* keptOrders(etype, isDescending ? [present, missing] : [missing, present], stored);
}

const byId = (isDescending: boolean): Compare => {
  const sign = isDescending ? -1 : 1;
  return (a, b) => (a.id < b.id ? -sign : a.id > b.id ? sign : 0);
};

type KeptOrder = Omit<Stretch, 'rows'> & { readonly name: string };

function* keptOrders(etype: string, orders: readonly KeptOrder[], db: Db): Generator<void, Sequence | undefined> {
  for (;;) {
    const stretches: Stretch[] = [];
    const unfinished: Sorting<Row>[] = [];
    for (const { name, compare, holds } of orders) {
      const rows = db.sorted?.(etype, name, compare, sortInSteps);
      if (!rows) return undefined;
      if ('step' in rows) unfinished.push(rows);
      else stretches.push({ rows, compare, holds });
    }
    if (unfinished.length === 0) return new Sequence(stretches);
    for (const sorting of unfinished) yield* step(sorting);
  }
}

function* readPage(sequence: Sequence, node: QueryNode, db: Db): Generator<void, PaginatedRows> {
  const { after, afterInclusive, before, beforeInclusive, last } = node.options;
  const offset = node.options.offset ?? 0;
  const low = after ? sequence.countBefore(rowAt(after, node.order), afterInclusive ? 0 : 1) : 0;
  const end = before ? sequence.countBefore(rowAt(before, node.order), beforeInclusive ? 1 : 0) : sequence.length;
  const high = Math.max(low, end);
  const reader = new Reader(sequence, node, db);
  const { rows, stoppedAt } = yield* reader.read(low, high, offset + node.limit, node.fromEnd);
  const page = node.fromEnd ? rows.slice(offset).reverse() : rows.slice(offset);
  if (page.length === 0) return pageOf(page, node, false, false);
  const { length } = sequence;
  // Rows that an offset skipped are rows on that side of the page.
  const isSkipped = offset > 0;
  const asksNext = Number.isFinite(node.limit) || Boolean(before);
  const asksPrevious = Boolean(after) || isSkipped || Boolean(last);
  const [restFrom, restTo] = node.fromEnd ? [high, stoppedAt] : [stoppedAt, low];
  const hasNext = asksNext && ((node.fromEnd && isSkipped) || (yield* reader.hasAny(restFrom, length, false)));
  const hasPrevious = asksPrevious && ((!node.fromEnd && isSkipped) || (yield* reader.hasAny(0, restTo, true)));
  return pageOf(page, node, hasNext, hasPrevious);
}

class Reader {
  readonly #sequence: Sequence;
  readonly #node: QueryNode;
  readonly #db: Db;

  constructor(sequence: Sequence, node: QueryNode, db: Db) {
    this.#sequence = sequence;
    this.#node = node;
    this.#db = db;
  }

  *hasAny(low: number, high: number, isBackward: boolean): Generator<void, boolean> {
    return (yield* this.read(low, high, 1, isBackward)).rows.length > 0;
  }

  /** The first `most` matching rows of a range, or the last ones from its end. `stoppedAt`: where the rows begin that were not read. */
  *read(low: number, high: number, most: number, isBackward: boolean): Generator<void, { rows: Row[]; stoppedAt: number }> {
    const rows: Row[] = [];
    let [from, to] = [low, high];
    while (from < to && rows.length < most) {
      const [stored, stretch] = this.#sequence.at(isBackward ? --to : from++);
      let row: Row | null | undefined;
      while ((row = matchOf(this.#node, stored, this.#db)) === undefined) yield* this.#pause();
      if (row && stretch.holds(row)) rows.push(row);
      spend(1);
      if (isDue()) yield* this.#pause();
    }
    return { rows, stoppedAt: isBackward ? to : from };
  }

  *#pause(): Generator<void, void> {
    this.#sequence.detach();
    yield;
  }
}
