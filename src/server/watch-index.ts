// From a change to the live queries it may be for. What each is interested in is told once, when it comes; then a change
// costs by the rows it has and the queries it finds, not by the queries there are.

import type { Db } from '../db/db.ts';
import type { Report, RowChange } from '../db/report.ts';
import type { Value } from '../protocol/triple.ts';
import { type Interest, type Pin, type Probe, probe } from '../query/interests.ts';

interface Shelf<Query> {
  readonly probe: Probe;
  readonly byValue: Map<Value, Set<Query>>;
}

interface OfEtype<Query> {
  readonly all: Set<Query>;
  readonly shelves: Map<string, Shelf<Query>>;
}

export class WatchIndex<Query> {
  readonly #byEtype = new Map<string, OfEtype<Query>>();

  add(query: Query, interests: readonly Interest[]): void {
    for (const { etype, pin } of interests) {
      let held = this.#byEtype.get(etype);
      if (!held) this.#byEtype.set(etype, (held = { all: new Set(), shelves: new Map() }));
      if (pin) shelve(held, pin, query);
      else held.all.add(query);
    }
  }

  /** `interests`: as they were when it came. */
  remove(query: Query, interests: readonly Interest[]): void {
    for (const { etype, pin } of interests) {
      const held = this.#byEtype.get(etype);
      if (!held) continue;
      if (pin) unshelve(held, pin, query);
      else held.all.delete(query);
      if (held.all.size === 0 && held.shelves.size === 0) this.#byEtype.delete(etype);
    }
  }

  /** `db`: after the change. */
  find(report: Report, db: Db): ReadonlySet<Query> {
    const found = new Set<Query>();
    for (const [etype, changes] of report) {
      const held = this.#byEtype.get(etype);
      if (!held) continue;
      for (const query of held.all) found.add(query);
      for (const shelf of held.shelves.values()) look(shelf, changes, db, found);
    }
    return found;
  }
}

function look<Query>(shelf: Shelf<Query>, changes: ReadonlyMap<string, RowChange>, db: Db, found: Set<Query>): void {
  for (const [id, change] of changes) {
    for (const value of probe(shelf.probe, id, change, db)) for (const query of shelf.byValue.get(value) ?? []) found.add(query);
  }
}

const nameOf = (at: Probe): string => (at.by === 'id' ? 'id' : `${at.by} ${at.attr.id}`);

function shelve<Query>({ shelves }: OfEtype<Query>, pin: Pin, query: Query): void {
  const name = nameOf(pin.probe);
  let shelf = shelves.get(name);
  if (!shelf) shelves.set(name, (shelf = { probe: pin.probe, byValue: new Map() }));
  for (const value of pin.values) {
    const queries = shelf.byValue.get(value);
    if (queries) queries.add(query);
    else shelf.byValue.set(value, new Set([query]));
  }
}

function unshelve<Query>({ shelves }: OfEtype<Query>, pin: Pin, query: Query): void {
  const name = nameOf(pin.probe);
  const shelf = shelves.get(name);
  if (!shelf) return;
  for (const value of pin.values) {
    const queries = shelf.byValue.get(value);
    queries?.delete(query);
    if (queries?.size === 0) shelf.byValue.delete(value);
  }
  if (shelf.byValue.size === 0) shelves.delete(name);
}
