// The reverse walk: from changed entities and links, backwards along the paths of a query, to the rows of each node that must be evaluated
// again. All other rows are unchanged.

import type { Db } from '../db/db.ts';
import { eachDifference } from '../db/links.ts';
import type { ChangeSet, RowChange } from '../db/change-set.ts';
import type { ChildQueryNode, QueryNode } from './compile.ts';
import { spend } from './pass.ts';
import { type LinkEnd, type Where, nearEnds } from './where.ts';

/** For one node: the ids to evaluate, and for each child node the pairs of parent and child. */
export interface Traced {
  readonly ids: ReadonlySet<string>;
  readonly children: readonly TracedChild[];
}

export interface TracedChild {
  readonly traced: Traced;
  /** parent id → child ids */
  readonly pairs: ReadonlyMap<string, ReadonlySet<string>>;
}

const EMPTY: ReadonlyMap<string, RowChange> = new Map();

export function trace(node: QueryNode, changeSet: ChangeSet, db: Db): Traced {
  const ids = new Set<string>();
  if (node.isEmpty) return { ids, children: [] };
  for (const id of changeSet.get(node.etype)?.keys() ?? []) ids.add(id);
  if (node.where) traceWhere(node.where, changeSet, db, ids);
  const children = node.children.map((child) => traceChild(child, changeSet, db));
  for (const { pairs } of children) for (const parent of pairs.keys()) ids.add(parent);
  return { ids, children };
}

function traceChild(child: ChildQueryNode, changeSet: ChangeSet, db: Db): TracedChild {
  const pairs = new Map<string, Set<string>>();
  const traced = trace(child, changeSet, db);
  const { link } = child;
  if (!link || child.isEmpty) return { traced, pairs };
  const pair = (parent: string, id: string): void => {
    const ids = pairs.get(parent);
    if (ids) ids.add(id);
    else pairs.set(parent, new Set([id]));
  };
  for (const id of traced.ids) for (const parent of counted(nearEnds(link, id, db))) pair(parent, id);
  eachChangedLink(link, changeSet, pair);
  return { traced, pairs };
}

/** Adds the entities for which the `where` may give another result. */
function traceWhere(where: Where, changeSet: ChangeSet, db: Db, ids: Set<string>): void {
  for (const step of where.steps) {
    eachChangedLink(step, changeSet, (near) => ids.add(near));
    const far = new Set<string>();
    if (step.far.tests.length > 0 || step.far.steps.length > 0) for (const id of changeSet.get(step.etype)?.keys() ?? []) far.add(id);
    traceWhere(step.far, changeSet, db, far);
    for (const id of far) for (const near of counted(nearEnds(step, id, db))) ids.add(near);
  }
  for (const { members } of where.groups) for (const member of members) traceWhere(member, changeSet, db, ids);
}

function counted(ids: readonly string[]): readonly string[] {
  spend(1 + ids.length);
  return ids;
}

export function eachChangedLink(link: LinkEnd, changeSet: ChangeSet, changed: (near: string, far: string) => void): void {
  for (const [source, { before, after }] of changeSet.get(link.attr.etype) ?? EMPTY) {
    eachDifference(before?.links(link.attr), after?.links(link.attr), (target) => {
      if (link.isForward) changed(source, target);
      else changed(target, source);
    });
  }
}
