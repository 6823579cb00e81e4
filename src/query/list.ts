// The rows of one form (under one parent, if it is nested), sorted, with the objects shown for them. Kept up to
// date row by row: what did not change keeps its identity, and its place is found by halving, not by looking.

import type { Db } from '../db/db.ts';
import type { Report } from '../db/report.ts';
import type { Row } from '../db/row.ts';
import { equal } from '../lib/equal.ts';
import { candidates } from './candidates.ts';
import type { ChildForm, Form } from './compile.ts';
import { blank, Draft } from './draft.ts';
import { firstRows } from './first-rows.ts';
import { type Order, orderOfPage } from './order.ts';
import { type Stretch, firstWhere, placeAmong, stretch } from './page.ts';
import type { PageInfo } from './query.ts';
import type { Traced } from './trace.ts';
import { linked, matches } from './where.ts';

/** Past this many at once, sorting anew is cheaper than moving one by one. */
const manyIds = 500;

interface Item {
  readonly object: object;
  readonly children: readonly List[];
}

const noLists: readonly List[] = [];
const nothing: readonly object[] = [];

export class List {
  readonly #form: Form;
  #order: Order;
  /** The order of a new page: until it is shown, rows are found by the old one. */
  #nextOrder: Order | undefined;
  #page: PageInfo | undefined;
  readonly #parent: string | undefined;
  /** All that match, in order; `#items` beside it, undefined where a row is not shown. */
  #rows: Row[] = [];
  #items: (Item | undefined)[] = [];
  /** Rows that come behind this one are not here. They are looked for when those here do not suffice any more. */
  #horizon: Row | undefined;
  /** Of rows that went behind it just now. */
  #gone = new Map<Row, Item>();
  #shown: readonly object[] = nothing;
  /** What is shown next, while a change is taken up. */
  #draft: Draft | undefined;
  /** Rows in it that have no object yet. It is made last: what is below it would not know which changes it has already seen. */
  #born: Row[] = [];

  constructor(form: Form, db: Db, page?: PageInfo, parent?: string) {
    this.#form = form;
    this.#page = page;
    this.#parent = parent;
    this.#order = orderOfPage(form.order, form.etype, page?.startCursor, db.attrs);
    this.#fill(db);
  }

  /** The objects shown: the same array while nothing in it changed. */
  get shown(): readonly object[] {
    return this.#shown;
  }

  /** The page as the server cut it last; `recut` cuts it. */
  setPage(page: PageInfo | undefined, db: Db): void {
    this.#page = page;
    const order = orderOfPage(this.#form.order, this.#form.etype, page?.startCursor, db.attrs);
    if (order.attr !== this.#order.attr || order.isDescending !== this.#order.isDescending) this.#nextOrder = order;
  }

  /** Looks at these ids again. Whether `shown` changed. */
  update(ids: ReadonlySet<string>, traced: Traced, report: Report, db: Db): boolean {
    if (this.#form.isEmpty) return false;
    if (ids.size > manyIds) return this.#refill(ids, traced, report, db);
    const changes = report.get(this.#form.etype);
    this.#born = [];
    this.#gone.clear();
    if (this.#isPlain()) this.#draft = new Draft(this.#shown, this.#form.limit);
    let isTouched = false;
    for (const id of ids) {
      const change = changes?.get(id);
      const after = change ? change.after : db.row(this.#form.etype, id);
      isTouched = this.#look(id, change ? change.before : after, after, traced, report, db) || isTouched;
    }
    if (this.#horizon && this.#rows.length < this.#form.limit) return this.#fillUp(db);
    return this.#draft ? this.#showDraft(this.#draft, db) : isTouched && this.#show(db);
  }

  #fillUp(db: Db): boolean {
    this.#draft = undefined;
    return this.#fill(db, this.#itemsByRow());
  }

  #itemsByRow(): ReadonlyMap<Row, Item> {
    const items = new Map(this.#gone);
    this.#rows.forEach((row, at) => {
      const item = this.#items[at];
      if (item) items.set(row, item);
    });
    return items;
  }

  #isHere(row: Row): boolean {
    return this.#horizon === undefined || this.#order.compare(row, this.#horizon) <= 0;
  }

  /** The rows shown are the first ones, so a change of place says at once what is shown otherwise. */
  #isPlain(): boolean {
    return this.#form.isLeading && !this.#form.fromEnd && !this.#nextOrder;
  }

  #look(id: string, before: Row | undefined, after: Row | undefined, traced: Traced, report: Report, db: Db): boolean {
    const at = before ? this.#placeOf(before) : -1;
    const row = after && this.#accepts(after, db) ? after : undefined;
    if (at < 0 && !row) return false;
    if (at >= 0 && row && this.#keepsPlace(at, row)) {
      const item = this.#items[at];
      const next = item && this.#again(item, id, this.#rows[at] as Row, row, traced, report, db);
      this.#rows[at] = row;
      this.#items[at] = next;
      if (!next) this.#born.push(row);
      else if (next !== item) this.#draft?.replace(at, next.object);
      return next !== item || !this.#form.isLeading; // between the same neighbours, yet perhaps past a cursor
    }
    const item = at < 0 ? undefined : this.#items[at];
    if (at >= 0) this.#remove(at);
    if (row) this.#insert(row, item && this.#again(item, id, before as Row, row, traced, report, db));
    return true;
  }

  #remove(at: number): void {
    this.#rows.splice(at, 1);
    this.#items.splice(at, 1);
    const last = this.#form.limit - 1;
    const follower = at <= last ? this.#rows[last] : undefined;
    if (follower) this.#born.push(follower);
    this.#draft?.takeOut(at, follower && (this.#items[last]?.object ?? blank));
  }

  #insert(row: Row, item: Item | undefined): void {
    if (!this.#isHere(row)) return void (item && this.#gone.set(row, item));
    const place = firstWhere(this.#rows, (other) => this.#order.compare(row, other) < 0);
    this.#rows.splice(place, 0, row);
    this.#items.splice(place, 0, item);
    if (!item) this.#born.push(row);
    this.#draft?.putIn(place, item?.object ?? blank);
  }

  #showDraft(draft: Draft, db: Db): boolean {
    for (const row of this.#born) {
      const at = this.#placeOf(row);
      if (at >= 0 && at < this.#form.limit) draft.replace(at, this.#itemAt(at, db).object);
    }
    const next = draft.end();
    this.#draft = undefined;
    if (next) this.#shown = next;
    return next !== undefined;
  }

  /** An item after its row or its children may have changed; the same one if nothing shown did. */
  #again(item: Item, id: string, before: Row, row: Row, traced: Traced, report: Report, db: Db): Item {
    let isChanged = before !== row && this.#form.fields.some(({ slot }) => !equal(before.values[slot], row.values[slot]));
    item.children.forEach((list, index) => {
      const child = traced.children[index];
      const ids = child?.pairs.get(id);
      if (!child || !ids) return;
      const [first] = list.shown;
      const isListChanged = list.update(ids, child.traced, report, db);
      if (isListChanged && !(this.#form.children[index]?.isSingular && list.shown[0] === first)) isChanged = true;
    });
    return isChanged ? { object: this.#object(row, item.children), children: item.children } : item;
  }

  #accepts(row: Row, db: Db): boolean {
    const { idAttr, where } = this.#form;
    return row.exists(idAttr) && this.#isLinked(row, db) && (!where || matches(where, row, db));
  }

  #isLinked(row: Row, db: Db): boolean {
    const link = (this.#form as ChildForm).link;
    if (this.#parent === undefined || !link) return true;
    if (!link.isForward) return row.targets(link.attr).includes(this.#parent);
    return db.row(link.attr.etype, this.#parent)?.targets(link.attr).includes(row.id) ?? false;
  }

  #placeOf(row: Row): number {
    const at = placeAmong(this.#rows, row, this.#order.compare);
    return this.#rows[at]?.id === row.id ? at : -1;
  }

  #keepsPlace(at: number, row: Row): boolean {
    const previous = this.#rows[at - 1];
    const next = this.#rows[at + 1];
    if (!next && !this.#isHere(row)) return false;
    return (!previous || this.#order.compare(previous, row) < 0) && (!next || this.#order.compare(row, next) < 0);
  }

  #refill(ids: ReadonlySet<string>, traced: Traced, report: Report, db: Db): boolean {
    const changes = report.get(this.#form.etype);
    const reuse = new Map<Row, Item>();
    this.#rows.forEach((row, at) => {
      const item = this.#items[at];
      if (!item) return;
      const now = ids.has(row.id) && changes?.has(row.id) ? changes.get(row.id)?.after : row;
      if (now) reuse.set(now, ids.has(row.id) ? this.#again(item, row.id, row, now, traced, report, db) : item);
    });
    return this.#fill(db, reuse);
  }

  #fill(db: Db, reuse?: ReadonlyMap<Row, Item>): boolean {
    if (this.#form.isEmpty) return false;
    this.#find(db, reuse);
    return this.#show(db);
  }

  #find(db: Db, reuse?: ReadonlyMap<Row, Item>): void {
    this.#rows = this.#found(db);
    this.#items = reuse ? this.#rows.map((row) => reuse.get(row)) : Array<Item | undefined>(this.#rows.length).fill(undefined);
  }

  #found(db: Db): Row[] {
    const { etype, idAttr, where } = this.#form;
    const link = (this.#form as ChildForm).link;
    const rows: Row[] = [];
    const take = (row: Row | undefined): void => {
      if (row && row.exists(idAttr) && (!where || matches(where, row, db))) rows.push(row);
    };
    if (this.#parent !== undefined && link) {
      const near = link.isForward ? db.row(link.attr.etype, this.#parent) : undefined;
      for (const id of linked(db, link, this.#parent, near)) take(db.row(etype, id));
    } else {
      const first = this.#isPlain() ? firstRows(this.#form, this.#order, db) : undefined;
      this.#horizon = first?.[first.length - 1];
      if (first) return first;
      for (const row of candidates(this.#form, db)) take(row);
    }
    return rows.sort(this.#order.compare);
  }

  /** After a new page. Whether `shown` changed. */
  recut(db: Db): boolean {
    return !this.#isPlain() && this.#show(db);
  }

  /** Makes what is missing in the stretch shown, and shows it. */
  #show(db: Db): boolean {
    if (this.#nextOrder) this.#sortBy(this.#nextOrder, db);
    const cut = stretch(this.#rows, this.#form, this.#order, this.#page);
    const shown = cut ? this.#objects(cut, db) : nothing;
    if (shown.length === this.#shown.length && shown.every((object, at) => object === this.#shown[at])) return false;
    this.#shown = shown;
    return true;
  }

  #sortBy(order: Order, db: Db): void {
    this.#order = order;
    this.#nextOrder = undefined;
    if (this.#horizon) return this.#find(db, this.#itemsByRow());
    const items = new Map(this.#rows.map((row, at) => [row, this.#items[at]]));
    this.#rows.sort(order.compare);
    this.#items = this.#rows.map((row) => items.get(row));
  }

  #objects({ from, to }: Stretch, db: Db): readonly object[] {
    const objects = Array<object>(to - from);
    for (let at = from; at < to; at++) objects[at - from] = this.#itemAt(at, db).object;
    return objects;
  }

  #itemAt(at: number, db: Db): Item {
    return (this.#items[at] ??= this.#item(this.#rows[at] as Row, db));
  }

  #item(row: Row, db: Db): Item {
    const { children: forms } = this.#form;
    const children = forms.length === 0 ? noLists : forms.map((form) => new List(form, db, undefined, row.id));
    return { object: this.#object(row, children), children };
  }

  #object(row: Row, children: readonly List[]): object {
    const object: Record<string, unknown> = {};
    for (const { label, slot } of this.#form.fields) {
      const value = row.values[slot];
      if (value !== undefined) object[label] = value;
    }
    this.#form.children.forEach(({ key, isSingular }, index) => {
      const shown = children[index]?.shown ?? nothing;
      const value = isSingular ? shown[0] : shown;
      if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
    });
    return object;
  }
}
