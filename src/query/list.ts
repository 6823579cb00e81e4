// The rows of one form (under one parent, if it is nested), sorted, with the objects shown for them. Kept up to
// date row by row: what did not change keeps its identity, and its place is found by halving, not by looking.

import type { Db } from '../db/db.ts';
import type { Report } from '../db/report.ts';
import type { Row } from '../db/row.ts';
import { equal } from '../lib/equal.ts';
import { fits, rowsOf } from './candidates.ts';
import type { ChildForm, Form } from './compile.ts';
import { firstRows } from './first-rows.ts';
import type { Order } from './order.ts';
import { orderOfPage, placeAmong, stretch } from './page.ts';
import type { PageInfo } from './query.ts';
import type { Traced } from './trace.ts';
import { linked } from './where.ts';

/** Past this many at once, sorting anew is cheaper than moving one by one. */
const manyIds = 500;

const noLists: readonly List[] = [];
const nothing: readonly object[] = [];

export class List {
  readonly #form: Form;
  readonly #parent: string | undefined;
  #page: PageInfo | undefined;
  #order: Order;
  /** All that match, in order. */
  #rows: Row[] = [];
  /** Beside them what is shown of each; undefined where it was not shown yet. */
  #objects: (object | undefined)[] = [];
  /** Whether that is what is shown, or was: it is never touched again. */
  #isHandedOut = false;
  /** By row, what is below its object. */
  #lists: Map<string, readonly List[]> | undefined;
  /** Rows that come behind this one are not here. They are looked for when those here do not suffice any more. */
  #horizon: Row | undefined;
  /** The objects of rows that went behind it just now. */
  #gone: Map<string, object> | undefined;
  #shown = nothing;
  /** Before the one place, objects are those shown; before the other, they are made. Told of lists that are shown whole: others are short. */
  #sameTo = 0;
  #madeTo = 0;

  constructor(form: Form, db: Db, page?: PageInfo, parent?: string) {
    this.#form = form;
    this.#page = page;
    this.#parent = parent;
    this.#order = orderOfPage(form, page);
    this.#fill(db);
  }

  /** The objects shown: the same array while nothing in it changed. */
  get shown(): readonly object[] {
    return this.#shown;
  }

  /** Looks at these ids again, and cuts the page as the server cut it last. Whether `shown` changed. */
  update(ids: ReadonlySet<string>, traced: Traced, report: Report, db: Db, page?: PageInfo): boolean {
    const changes = report.get(this.#form.etype);
    const isMany = ids.size > manyIds;
    this.#forgetGone();
    for (const id of ids) {
      const change = changes?.get(id);
      const after = change ? change.after : db.row(this.#form.etype, id);
      this.#look(id, change ? change.before : after, after, isMany, traced, report, db);
    }
    // Until here, rows are found by the old order.
    const isShort = this.#horizon !== undefined && this.#rows.length < this.#form.limit;
    return this.#turn(page) || isMany || isShort ? this.#fill(db) : this.#show(db);
  }

  /** Whether the order is another. */
  #turn(page: PageInfo | undefined): boolean {
    if (page === this.#page) return false;
    const { attr } = this.#order;
    this.#page = page;
    this.#order = orderOfPage(this.#form, page);
    return this.#order.attr !== attr;
  }

  /** Of many, rows stay where they are, and only objects are made again. */
  #look(id: string, before: Row | undefined, after: Row | undefined, isMany: boolean, traced: Traced, report: Report, db: Db): void {
    const at = before ? this.#placeOf(before) : -1;
    const row = after && (isMany || this.#accepts(after, db)) ? after : undefined;
    const held = at < 0 ? undefined : this.#objects[at];
    const object = held && row && this.#again(held, before as Row, row, traced, report, db);
    const stays = at >= 0 && (isMany || (row && this.#keepsPlace(at, row)));
    if (stays) {
      if (object !== held) this.#changed(at)[at] = object;
      if (row && !isMany) this.#rows[at] = row;
      return;
    }
    if (at >= 0) {
      this.#rows.splice(at, 1);
      this.#moved(at).splice(at, 1);
    }
    if (!row) this.#lists?.delete(id);
    else if (!isMany) this.#insert(row, object);
  }

  #insert(row: Row, object: object | undefined): void {
    if (!this.#isHere(row)) return void (object && (this.#gone ??= new Map<string, object>()).set(row.id, object));
    const at = placeAmong(this.#rows, row, this.#order.compare);
    this.#rows.splice(at, 0, row);
    this.#moved(at).splice(at, 0, object);
  }

  #changed(at: number): (object | undefined)[] {
    if (this.#isHandedOut) this.#objects = this.#objects.slice();
    this.#isHandedOut = false;
    this.#sameTo = Math.min(this.#sameTo, at);
    return this.#objects;
  }

  #moved(at: number): (object | undefined)[] {
    this.#madeTo = Math.min(this.#madeTo, at);
    return this.#changed(at);
  }

  #isHere(row: Row): boolean {
    return this.#horizon === undefined || this.#order.compare(row, this.#horizon) <= 0;
  }

  #forgetGone(): void {
    if (!this.#gone) return;
    for (const id of this.#gone.keys()) this.#lists?.delete(id);
    this.#gone = undefined;
  }

  /** An object after its row or what is below it may have changed; the same one if nothing shown did. */
  #again(object: object, before: Row, row: Row, traced: Traced, report: Report, db: Db): object {
    let isChanged = before !== row && this.#form.fields.some(({ slot }) => !equal(before.values[slot], row.values[slot]));
    const lists = this.#lists?.get(row.id) ?? noLists;
    lists.forEach((list, index) => {
      const child = traced.children[index];
      const ids = child?.pairs.get(row.id);
      if (!child || !ids) return;
      const [first] = list.shown;
      const isListChanged = list.update(ids, child.traced, report, db);
      if (isListChanged && !(this.#form.children[index]?.isSingular && list.shown[0] === first)) isChanged = true;
    });
    return isChanged ? this.#object(row, lists) : object;
  }

  #accepts(row: Row, db: Db): boolean {
    return this.#isLinked(row, db) && fits(this.#form, row, db);
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

  /** All rows anew. Whether `shown` changed. */
  #fill(db: Db): boolean {
    const objects = new Map<string, object | undefined>(this.#gone);
    const lists = this.#lists;
    this.#rows.forEach(({ id }, at) => objects.set(id, this.#objects[at]));
    this.#gone = this.#lists = undefined;
    this.#rows = this.#found(db);
    this.#objects = this.#rows.map(({ id }) => {
      const below = lists?.get(id);
      if (below) this.#below().set(id, below);
      return objects.get(id);
    });
    this.#isHandedOut = false;
    this.#sameTo = this.#madeTo = 0;
    return this.#show(db);
  }

  #found(db: Db): Row[] {
    const link = (this.#form as ChildForm).link;
    if (this.#form.isEmpty) return [];
    if (this.#parent === undefined || !link) {
      const { rows, horizon } = firstRows(this.#form, this.#order, db);
      this.#horizon = horizon;
      return rows;
    }
    const rows = rowsOf(linked(db, link, this.#parent), this.#form.etype, db);
    return rows.filter((row) => fits(this.#form, row, db)).sort(this.#order.compare);
  }

  /** Makes what is missing in the stretch shown, and shows it. */
  #show(db: Db): boolean {
    const { from, to } = stretch(this.#rows, this.#form, this.#order, this.#page);
    const isWhole = to - from === this.#rows.length;
    for (let at = isWhole ? this.#madeTo : from; at < to; at++) this.#objects[at] ??= this.#made(this.#rows[at] as Row, db);
    const shown = (isWhole ? this.#objects : this.#objects.slice(from, to)) as readonly object[];
    let same = isWhole ? this.#sameTo : 0;
    while (same < shown.length && shown[same] === this.#shown[same]) same++;
    this.#sameTo = this.#madeTo = isWhole ? Number.POSITIVE_INFINITY : 0;
    if (same >= shown.length && shown.length === this.#shown.length) return false;
    this.#shown = shown;
    this.#isHandedOut ||= isWhole;
    return true;
  }

  #made(row: Row, db: Db): object {
    const { children } = this.#form;
    if (children.length === 0) return this.#object(row, noLists);
    const lists = children.map((form) => new List(form, db, undefined, row.id));
    this.#below().set(row.id, lists);
    return this.#object(row, lists);
  }

  #below(): Map<string, readonly List[]> {
    return (this.#lists ??= new Map<string, readonly List[]>());
  }

  #object(row: Row, lists: readonly List[]): object {
    const object: Record<string, unknown> = {};
    for (const { label, slot } of this.#form.fields) {
      const value = row.values[slot];
      if (value !== undefined) object[label] = value;
    }
    this.#form.children.forEach(({ key, isSingular }, index) => {
      const shown = lists[index]?.shown ?? nothing;
      const value = isSingular ? shown[0] : shown;
      if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
    });
    return object;
  }
}
