// The rows a write or a refresh changed, by namespace and id. Queries use it to decide whether they need an update.

import { listed } from './links.ts';
import type { Row } from './row.ts';

/** The ids of the changed rows and of all entities they link to. */
export function touchedBy(changeSet: ChangeSet): Set<string> {
  const ids = new Set<string>();
  for (const changes of changeSet.values()) for (const [id, change] of changes) addTouched(ids, id, change);
  return ids;
}

export function addTouched(ids: Set<string>, id: string, { before, after }: RowChange): void {
  ids.add(id);
  for (const row of [before, after]) if (row) addTargets(row, ids);
}

function addTargets(row: Row, ids: Set<string>): void {
  for (const value of row.values) {
    if (typeof value === 'string') ids.add(value);
    else if (Array.isArray(value)) for (const id of listed(value as readonly string[])) if (typeof id === 'string') ids.add(id);
  }
}

/** A row before and after a change; undefined if it did not or does not exist. */
export interface RowChange {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** etype → id → change. Only the row that owns a link is listed; both ends follow from comparing `before` and `after`. */
export type ChangeSet = ReadonlyMap<string, ReadonlyMap<string, RowChange>>;

export const emptyChangeSet: ChangeSet = new Map();
