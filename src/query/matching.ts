// The rows that match a node, found in steps: a pass can be interrupted between two rows, and inside the evaluation of one.

import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import { candidates, matchesNode } from './candidates.ts';
import type { QueryNode } from './compile.ts';
import { interruption, isDue, spend } from './pass.ts';
import { VisibleDb } from './visible.ts';

/** What is stored, without regard to rules. For finding candidates, not for results. */
export function storedIn(db: Db): Db {
  return db instanceof VisibleDb ? db.stored : db;
}

/** The row as the rules show it. Null if it is hidden or does not match; undefined if the pass was interrupted: ask again. */
export function matchOf(node: QueryNode, stored: Row, db: Db): Row | null | undefined {
  const row = db instanceof VisibleDb ? db.visibleRow(node.etype, stored) : stored;
  if (!row) return null;
  try {
    return matchesNode(node, row, db) ? row : null;
  } catch (error) {
    if (error !== interruption) throw error;
    return undefined;
  }
}

/** All rows of a node without a page. Yields when the pass should be interrupted. */
export function* matchingSteps(node: QueryNode, db: Db): Generator<void, Row[]> {
  const rows: Row[] = [];
  if (node.isEmpty) return rows;
  // A copy: the data may change between two steps.
  for (const stored of [...candidates(node, storedIn(db))]) {
    let row: Row | null | undefined;
    while ((row = matchOf(node, stored, db)) === undefined) yield;
    if (row) rows.push(row);
    spend(1);
    if (isDue()) yield;
  }
  return rows;
}
