// One change as applied to live queries: collected results, and the work budget of the change.

import type { ChangeSet } from '../../db/change-set.ts';
import { type Change as Changed, changeOf } from '../../query/affected.ts';
import { sliceItems } from '../slices.ts';
import type { Subscriber } from '../session/subscriber.ts';
import type { QuerySource } from './query-source.ts';
import { AllowanceExceeded, withAllowance } from './query-work.ts';
import type { QueryRefresh, TxPosition } from './refresh.ts';

/** The changes of a group commit that concern queries. */
export interface Change {
  readonly changeSet: ChangeSet;
  readonly attrsChanged: boolean;
  /** More than the types that values have had: sessions without news hear of it as well. */
  readonly schemaChanged: boolean;
  /** Anything may have changed. */
  readonly isReload: boolean;
}

/** Who is sent a refresh although no result of theirs changed: everybody after a change of the catalog, else the writers. */
export interface Recipients {
  readonly all: Iterable<Subscriber>;
  readonly writers: ReadonlySet<Subscriber>;
}

export interface RefreshBatch {
  readonly change: Change;
  readonly changed: Changed;
  readonly position: TxPosition;
  /** Remaining work budget: of all queries together, and of each. */
  readonly allowance: { left: number; readonly each: number };
  readonly refreshes: Map<Subscriber, QueryRefresh[]>;
  /** The change alone takes longer to look at than others may wait: no query is brought up to date immediately. */
  readonly isVast: boolean;
}

/** Whether so many rows changed that evaluating a query anew, in slices, is better than finding out what of its result may differ. */
export function isVast(changeSet: ChangeSet): boolean {
  let rows = 0;
  for (const { size } of changeSet.values()) rows += size;
  return rows > 2 * sliceItems;
}

/** Work that all live queries together may do immediately after a change. */
const batchAllowance = 100_000;

/** `each`: the work that one query may do immediately. */
export function newBatch(change: Change, source: QuerySource, each: number): RefreshBatch {
  const allowance = { left: batchAllowance, each };
  const db = source.db();
  let changed: Changed | undefined;
  return {
    change,
    // Made only if a query asks for it.
    get changed() {
      return (changed ??= changeOf(change.changeSet, db));
    },
    position: source.position(),
    allowance,
    refreshes: new Map(),
    isVast: isVast(change.changeSet),
  };
}

/** Undefined if it would take too long. */
export function atOnce<T>({ allowance: all }: RefreshBatch, run: () => T): T | undefined {
  const most = Math.min(all.each, all.left);
  const allowance = { left: most };
  try {
    return withAllowance(allowance, run);
  } catch (error) {
    if (!(error instanceof AllowanceExceeded)) throw error;
    return undefined;
  } finally {
    all.left -= most - allowance.left;
  }
}

export function addRefresh({ refreshes }: RefreshBatch, subscriber: Subscriber, ...more: readonly QueryRefresh[]): void {
  const own = refreshes.get(subscriber);
  if (own) own.push(...more);
  else refreshes.set(subscriber, [...more]);
}
