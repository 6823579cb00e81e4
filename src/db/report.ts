// What a change did, entity by entity: the currency between a write or a refresh and the queries that must hear of it.

import type { Row } from './row.ts';

/** The row before and after; undefined where there was or is none. */
export interface RowChange {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** etype → id → change. Links are in the rows that own them; both ends follow from comparing `before` and `after`. */
export type Report = ReadonlyMap<string, ReadonlyMap<string, RowChange>>;

export const noChange: Report = new Map();
