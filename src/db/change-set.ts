// The entities a change is about.

// What a change did, entity by entity: the currency between a write or a refresh and the queries that must hear of it.

import type { Row } from './row.ts';
import { listed } from './links.ts';

/** Of a report: those whose rows changed, and those their links point at. */
export function touchedBy(changeSet: ChangeSet): Set<string> {
  const ids = new Set<string>();
  for (const changes of changeSet.values()) {
    for (const [id, { before, after }] of changes) {
      ids.add(id);
      for (const row of [before, after]) if (row) addTargets(row, ids);
    }
  }
  return ids;
}

function addTargets(row: Row, ids: Set<string>): void {
  for (const value of row.values) {
    if (typeof value === 'string') ids.add(value);
    else if (Array.isArray(value)) for (const id of listed(value as readonly string[])) if (typeof id === 'string') ids.add(id);
  }
}

/** The row before and after; undefined where there was or is none. */
export interface RowChange {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** etype → id → change. Links are in the rows that own them; both ends follow from comparing `before` and `after`. */
export type ChangeSet = ReadonlyMap<string, ReadonlyMap<string, RowChange>>;

export const emptyChangeSet: ChangeSet = new Map();
