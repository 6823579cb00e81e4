// The sorted rows of one node (of one parent, if it is nested) and their result objects, updated incrementally: unchanged objects keep their
// identity, and positions are found by binary search.

import type { Db } from '../db/db.ts';
import type { ChangeSet } from '../db/change-set.ts';
import type { Row } from '../db/row.ts';
import { equal } from '../lib/equal.ts';
import { deepFreeze } from '../lib/freeze.ts';
import { setOwn } from '../lib/own.ts';
import { lowerBound } from '../lib/sorted.ts';
import { matchesNode, rowsOf } from './candidates.ts';
import type { ChildQueryNode, QueryNode } from './compile.ts';
import { firstRows } from './candidates.ts';
import type { Order } from './order.ts';
import { pageOrder, pageRange } from './paging.ts';
import type { PageInfo } from './query.ts';
import type { Traced } from './trace.ts';
import { linked } from './where.ts';

/** For more changes than this, sorting again is cheaper than moving rows one by one. */
const manyIds = 500;

const noLists: readonly List[] = [];
const EMPTY: readonly object[] = [];

export class List {
  readonly #node: QueryNode;
  readonly #parent: string | undefined;
  #pageInfo: PageInfo | undefined;
  #order: Order;
  /** All matching rows, in order. */
  #rows: Row[] = [];
  /** The result object of each row, at the same index; undefined until the row is in the result. */
  #objects: (object | undefined)[] = [];
  /** Whether the array was returned as a result: then it is never modified again. */
  #isShared = false;
  /** Row id → the nested lists of its object. */
  #lists: Map<string, readonly List[]> | undefined;
  /** Rows after this one are not loaded. They are searched when the loaded rows no longer fill the limit. */
  #horizon: Row | undefined;
  /** The objects of rows that were moved behind the horizon by the current update. */
  #evicted: Map<string, object> | undefined;
  #items = EMPTY;
  /** Whether the parent has a link to any row of this list. */
  #isLinkedFromParent = true;
  /** Below `#unchangedTo`, objects equal the last result; below `#createdTo`, they exist. Only for lists whose result is not a page. */
  #unchangedTo = 0;
  #createdTo = 0;

  constructor(node: QueryNode, db: Db, pageInfo?: PageInfo, parent?: string) {
    this.#node = node;
    this.#pageInfo = pageInfo;
    this.#parent = parent;
    this.#order = pageOrder(node, pageInfo);
    this.#fill(db);
  }

  /** The result objects: the same array while nothing in it changes. */
  get items(): readonly object[] {
    return this.#items;
  }

  /** Whether a tree that omits links without targets omits this one. */
  get isOmitted(): boolean {
    return this.#node.tree?.omitsUnlinked === true && !this.#isLinkedFromParent;
  }

  /** Evaluates these ids again and applies the server's last page. Returns whether `items` changed. */
  update(ids: ReadonlySet<string>, traced: Traced, changeSet: ChangeSet, db: Db, pageInfo?: PageInfo): boolean {
    const changes = changeSet.get(this.#node.etype);
    const isMany = ids.size > manyIds;
    this.#dropEvicted();
    for (const id of ids) {
      const change = changes?.get(id);
      const after = change ? change.after : db.row(this.#node.etype, id);
      this.#updateRow(id, change ? change.before : after, after, isMany, traced, changeSet, db);
    }
    // Up to here, the old order applies.
    const isShort = this.#horizon !== undefined && this.#rows.length < this.#node.limit;
    return this.#setPage(pageInfo) || isMany || isShort ? this.#fill(db) : this.#updateItems(db);
  }

  /** Returns whether the order changed. */
  #setPage(pageInfo: PageInfo | undefined): boolean {
    if (pageInfo === this.#pageInfo) return false;
    const { attr } = this.#order;
    this.#pageInfo = pageInfo;
    this.#order = pageOrder(this.#node, pageInfo);
    return this.#order.attr !== attr;
  }

  /** With many changes, rows keep their positions until `#fill`; only objects are created again. */
  #updateRow(
    id: string,
    before: Row | undefined,
    after: Row | undefined,
    isMany: boolean,
    traced: Traced,
    changeSet: ChangeSet,
    db: Db,
  ): void {
    const at = before ? this.#indexOf(before) : -1;
    const row = after && (isMany || this.#accepts(after, db)) ? after : undefined;
    const previous = at < 0 ? undefined : this.#objects[at];
    const object = previous && row && this.#refreshObject(previous, before as Row, row, traced, changeSet, db);
    const stays = at >= 0 && (isMany || (row && this.#keepsPosition(at, row)));
    if (stays) {
      if (object !== previous) this.#changedObjects(at)[at] = object;
      if (row && !isMany) this.#rows[at] = row;
      return;
    }
    if (at >= 0) {
      this.#rows.splice(at, 1);
      this.#movedObjects(at).splice(at, 1);
    }
    if (!row) this.#lists?.delete(id);
    else if (!isMany) this.#insert(row, object);
  }

  #insert(row: Row, object: object | undefined): void {
    if (!this.#isWithinHorizon(row)) return void (object && (this.#evicted ??= new Map<string, object>()).set(row.id, object));
    const at = lowerBound(this.#rows, row, this.#order.compare);
    this.#rows.splice(at, 0, row);
    this.#movedObjects(at).splice(at, 0, object);
  }

  #changedObjects(at: number): (object | undefined)[] {
    if (this.#isShared) this.#objects = this.#objects.slice();
    this.#isShared = false;
    this.#unchangedTo = Math.min(this.#unchangedTo, at);
    return this.#objects;
  }

  #movedObjects(at: number): (object | undefined)[] {
    this.#createdTo = Math.min(this.#createdTo, at);
    return this.#changedObjects(at);
  }

  #isWithinHorizon(row: Row): boolean {
    return this.#horizon === undefined || this.#order.compare(row, this.#horizon) <= 0;
  }

  #dropEvicted(): void {
    if (!this.#evicted) return;
    for (const id of this.#evicted.keys()) this.#lists?.delete(id);
    this.#evicted = undefined;
  }

  /** The object after a change of its row or of nested lists; the same object if nothing selected changed. */
  #refreshObject(object: object, before: Row, row: Row, traced: Traced, changeSet: ChangeSet, db: Db): object {
    let isChanged = before !== row && this.#node.fields.some(({ slot }) => !equal(before.values[slot], row.values[slot]));
    const lists = this.#lists?.get(row.id) ?? noLists;
    lists.forEach((list, index) => {
      const child = traced.children[index];
      const ids = child?.pairs.get(row.id);
      if (!child || !ids) return;
      const [first] = list.items;
      const isListChanged = list.update(ids, child.traced, changeSet, db);
      if (isListChanged && !(this.#node.children[index]?.isSingular && list.items[0] === first)) isChanged = true;
    });
    return isChanged ? this.#buildObject(row, lists) : object;
  }

  #accepts(row: Row, db: Db): boolean {
    return this.#isLinked(row, db) && matchesNode(this.#node, row, db);
  }

  #isLinked(row: Row, db: Db): boolean {
    const link = (this.#node as ChildQueryNode).link;
    if (this.#parent === undefined || !link) return true;
    if (!link.isForward) return row.targets(link.attr).includes(this.#parent);
    return db.row(link.attr.etype, this.#parent)?.targets(link.attr).includes(row.id) ?? false;
  }

  #indexOf(row: Row): number {
    const at = lowerBound(this.#rows, row, this.#order.compare);
    return this.#rows[at]?.id === row.id ? at : -1;
  }

  #keepsPosition(at: number, row: Row): boolean {
    const previous = this.#rows[at - 1];
    const next = this.#rows[at + 1];
    if (!next && !this.#isWithinHorizon(row)) return false;
    return (!previous || this.#order.compare(previous, row) < 0) && (!next || this.#order.compare(row, next) < 0);
  }

  /** Finds and sorts all rows again. Returns whether `items` changed. */
  #fill(db: Db): boolean {
    const objects = new Map<string, object | undefined>(this.#evicted);
    const lists = this.#lists;
    this.#rows.forEach(({ id }, at) => objects.set(id, this.#objects[at]));
    this.#evicted = this.#lists = undefined;
    this.#rows = this.#findRows(db);
    this.#objects = this.#rows.map(({ id }) => {
      const below = lists?.get(id);
      if (below) this.#childLists().set(id, below);
      return objects.get(id);
    });
    this.#isShared = false;
    this.#unchangedTo = this.#createdTo = 0;
    return this.#updateItems(db);
  }

  #findRows(db: Db): Row[] {
    const link = (this.#node as ChildQueryNode).link;
    const ids = this.#parent === undefined ? undefined : link ? linked(db, link, this.#parent) : [];
    if (!ids) {
      const { rows, horizon } = this.#node.isEmpty ? { rows: [], horizon: undefined } : firstRows(this.#node, this.#order, db);
      this.#horizon = horizon;
      return rows;
    }
    const linkedRows = this.#node.isEmpty ? [] : rowsOf(ids, this.#node.etype, db);
    const rows = linkedRows.filter((row) => matchesNode(this.#node, row, db)).sort(this.#order.compare);
    // A link to an invisible row counts, unless the node has a condition.
    this.#isLinkedFromParent = this.#node.where ? rows.length > 0 : ids.length > 0;
    return rows;
  }

  /** Creates the missing objects of the page. Returns whether `items` changed. */
  #updateItems(db: Db): boolean {
    const { from, to } = pageRange(this.#rows, this.#node, this.#order, this.#pageInfo);
    const isWhole = to - from === this.#rows.length;
    for (let at = isWhole ? this.#createdTo : from; at < to; at++) this.#objects[at] ??= this.#createObject(this.#rows[at] as Row, db);
    const items = (isWhole ? this.#objects : this.#objects.slice(from, to)) as readonly object[];
    let same = isWhole ? this.#unchangedTo : 0;
    while (same < items.length && items[same] === this.#items[same]) same++;
    this.#unchangedTo = this.#createdTo = isWhole ? Number.POSITIVE_INFINITY : 0;
    if (same >= items.length && items.length === this.#items.length) return false;
    this.#items = items;
    this.#isShared ||= isWhole;
    return true;
  }

  #createObject(row: Row, db: Db): object {
    const { children } = this.#node;
    if (children.length === 0) return this.#buildObject(row, noLists);
    const lists = children.map((node) => new List(node, db, undefined, row.id));
    this.#childLists().set(row.id, lists);
    return this.#buildObject(row, lists);
  }

  #childLists(): Map<string, readonly List[]> {
    return (this.#lists ??= new Map<string, readonly List[]>());
  }

  #buildObject(row: Row, lists: readonly List[]): object {
    const object: Record<string, unknown> = {};
    const { protection } = this.#node;
    for (const { label, slot } of this.#node.fields) {
      const value = row.values[slot];
      if (value !== undefined) object[label] = protection === 'none' ? value : deepFreeze(value);
    }
    this.#node.children.forEach(({ key, isSingular, tree }, index) => {
      if (lists[index]?.isOmitted) return;
      const items = lists[index]?.items ?? EMPTY;
      const value = isSingular ? (items[0] ?? (tree ? null : undefined)) : items;
      setOwn(object, key, value);
    });
    return protection === 'frozen' ? Object.freeze(object) : object;
  }
}
