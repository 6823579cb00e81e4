// What a loan depends on. A key is the id of an entity, for its values in results and what pending writes do to it; or one of these.

import type { KnownAttr } from '../../db/attrs.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { Db } from '../../db/db.ts';
import { Layer } from '../../db/layer.ts';
import { type Links, listed } from '../../db/links.ts';
import type { Row } from '../../db/row.ts';
import type { Value } from '../../protocol/triple.ts';

/** The positions of results. */
export const DATED = '\0dated';
/** Which results there are. */
export const LISTS = '\0lists';
/** All rows of other results. */
export const ROWS = '\0rows';
/** All rows of the view's own result. */
export const PAGE = '\0page';
/** The links to an entity. */
export const linksTo = (id: string): string => `<${id}`;

/** What changes when these rows come or go. */
export function keysOf(rows: Iterable<Row | undefined>, keys = new Set<string>()): Set<string> {
  for (const row of rows) {
    if (row) keys.add(row.id);
    for (const value of row?.values ?? [])
      if (typeof value === 'string' || Array.isArray(value))
        for (const id of listed(value as Links)) if (typeof id === 'string') keys.add(linksTo(id));
  }
  return keys;
}

export function keysOfChanges(changeSet: ChangeSet, ...more: readonly string[]): Set<string> {
  const keys = new Set(more);
  for (const changes of changeSet.values()) for (const { before, after } of changes.values()) keysOf([before, after], keys);
  return keys;
}

/** A layer that records the keys of what is read. */
export class ReadLayer extends Layer {
  readonly #keys: Set<string>;
  readonly #all: string;

  /** @param all the key of all rows */
  constructor(base: Db, keys: Set<string>, all: string) {
    super(base);
    this.#keys = keys;
    this.#all = all;
  }

  override row(etype: string, id: string): Row | undefined {
    this.#keys.add(id);
    return super.row(etype, id);
  }

  override rows(etype: string): Iterable<Row> {
    this.#keys.add(this.#all);
    return super.rows(etype);
  }

  override holders(attr: KnownAttr, value: Value): readonly string[] {
    if (typeof value === 'string') this.#keys.add(linksTo(value));
    return super.holders(attr, value);
  }
}
