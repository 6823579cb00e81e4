// Which live queries hold an entity in their answer, so that a write to it is shown without asking all of them. Only looked up: what the
// queries hold is told by whoever gives them answers.

import type { Report } from '../db/report.ts';
import { footprintOf, isUpdate, looksUp } from './footprint.ts';
import type { LiveQuery } from './live-query.ts';
import type { PendingWrite } from './shown.ts';

type ById = Map<string, LiveQuery | readonly LiveQuery[]>;

/** So few are asked one by one, and no index is kept in memory. */
const few = 4;

export class Whereabouts {
  readonly #lives: ReadonlyMap<string, LiveQuery>;
  /** Entity → the query that holds it, or those. Undefined until it is asked for. */
  #byId: ById | undefined;

  /** Entity → how many writes under way may make it, and so bring it to any query. */
  readonly #made = new Map<string, number>();
  /** How many of them look entities up. */
  #lookups = 0;

  constructor(lives: ReadonlyMap<string, LiveQuery>) {
    this.#lives = lives;
  }

  /** Of all queries, at least those that show one of these. */
  of(ids: ReadonlySet<string>): Iterable<LiveQuery> {
    if (this.#lives.size <= few || this.#lookups > 0) return this.#lives.values();
    this.#byId ??= this.#indexed();
    let found: readonly LiveQuery[] = none;
    for (const id of ids) {
      if (this.#made.has(id)) return this.#lives.values();
      const held = listed(this.#byId.get(id));
      found = found.length === 0 ? held : [...found, ...held.filter((live) => !found.includes(live))];
    }
    return found;
  }

  /** A write is under way. */
  expect({ steps }: PendingWrite): void {
    if (isUpdate(steps)) return;
    if (looksUp(steps)) this.#lookups++;
    for (const id of footprintOf(steps).touches) this.#made.set(id, (this.#made.get(id) ?? 0) + 1);
  }

  /** It is no longer. */
  settled({ steps }: PendingWrite): void {
    if (isUpdate(steps)) return;
    if (looksUp(steps)) this.#lookups--;
    for (const id of footprintOf(steps).touches) {
      const left = (this.#made.get(id) ?? 0) - 1;
      if (left > 0) this.#made.set(id, left);
      else this.#made.delete(id);
    }
  }

  /** The answer of this query changed. */
  changed(live: LiveQuery, report: Report): void {
    if (!this.#byId) return;
    for (const changes of report.values()) {
      for (const [id, { before, after }] of changes) {
        if (after && !before) add(this.#byId, id, live);
        else if (!after && !live.view.answered.holds(id)) remove(this.#byId, id, live);
      }
    }
  }

  closed(live: LiveQuery): void {
    if (this.#byId) for (const id of live.view.answered.ids()) remove(this.#byId, id, live);
  }

  /** Answers changed in ways that were not told. */
  lookAgain(): void {
    this.#byId = undefined;
  }

  #indexed(): ById {
    const byId: ById = new Map();
    for (const live of this.#lives.values()) for (const id of live.view.answered.ids()) add(byId, id, live);
    return byId;
  }
}

function add(byId: ById, id: string, live: LiveQuery): void {
  const held = byId.get(id);
  if (!held) byId.set(id, live);
  else if (!listed(held).includes(live)) byId.set(id, [...listed(held), live]);
}

function remove(byId: ById, id: string, live: LiveQuery): void {
  const left = listed(byId.get(id)).filter((other) => other !== live);
  const [first, ...others] = left;
  if (!first) byId.delete(id);
  else byId.set(id, others.length === 0 ? first : left);
}

const none: readonly LiveQuery[] = [];

function listed(held: LiveQuery | readonly LiveQuery[] | undefined): readonly LiveQuery[] {
  return held === undefined ? none : isList(held) ? held : [held];
}

function isList(held: LiveQuery | readonly LiveQuery[]): held is readonly LiveQuery[] {
  return Array.isArray(held);
}
