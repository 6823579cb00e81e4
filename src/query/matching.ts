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
  const matching: Row[] = [];
  if (node.isEmpty) return matching;
  // A copy: the data may change between two steps.
  const all = [...candidates(node, storedIn(db))];
  for (let at = addMatching(matching, all, 0, node, db); at < all.length; at = addMatching(matching, all, at, node, db)) yield;
  return matching;
}

/** Adds those of `all` that match, from `at` on, until the pass should be interrupted. Returns where to go on. */
function addMatching(matching: Row[], all: readonly Row[], at: number, node: QueryNode, db: Db): number {
  for (let next = at; next < all.length; next++) {
    const row = matchOf(node, all[next] as Row, db);
    if (row === undefined) return next;
    if (row) matching.push(row);
    spend(1);
    if (isDue()) return next + 1;
  }
  return all.length;
}
