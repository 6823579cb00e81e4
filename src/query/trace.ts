// From what changed back to the rows of each form that must be looked at again: a changed entity, or a changed
// link, is walked against the direction of the paths that lead to it. Everything not found here is as it was.

import type { Db } from '../db/db.ts';
import { eachDifference } from '../db/links.ts';
import type { Report, RowChange } from '../db/report.ts';
import type { ChildForm, Form } from './compile.ts';
import { type LinkEnd, type Where, nearEnds } from './where.ts';

/** For one form: the ids to look at, and for each of its child forms which children under which parent. */
export interface Traced {
  readonly ids: ReadonlySet<string>;
  readonly children: readonly TracedChild[];
}

export interface TracedChild {
  readonly traced: Traced;
  /** parent id → child ids */
  readonly pairs: ReadonlyMap<string, ReadonlySet<string>>;
}

const nobody: ReadonlyMap<string, RowChange> = new Map();

export function trace(form: Form, report: Report, db: Db): Traced {
  const ids = new Set<string>();
  if (form.isEmpty) return { ids, children: [] };
  for (const id of report.get(form.etype)?.keys() ?? []) ids.add(id);
  if (form.where) traceWhere(form.where, report, db, ids);
  const children = form.children.map((child) => traceChild(child, report, db));
  for (const { pairs } of children) for (const parent of pairs.keys()) ids.add(parent);
  return { ids, children };
}

function traceChild(child: ChildForm, report: Report, db: Db): TracedChild {
  const pairs = new Map<string, Set<string>>();
  const traced = trace(child, report, db);
  const { link } = child;
  if (!link || child.isEmpty) return { traced, pairs };
  const pair = (parent: string, id: string): void => {
    const ids = pairs.get(parent);
    if (ids) ids.add(id);
    else pairs.set(parent, new Set([id]));
  };
  for (const id of traced.ids) for (const parent of nearEnds(link, id, db)) pair(parent, id);
  eachChangedLink(link, report, pair);
  return { traced, pairs };
}

/** Adds the entities whose `where` may come out otherwise. */
function traceWhere(where: Where, report: Report, db: Db, ids: Set<string>): void {
  for (const step of where.steps) {
    eachChangedLink(step, report, (near) => ids.add(near));
    const far = new Set<string>();
    if (step.far.tests.length > 0 || step.far.steps.length > 0) for (const id of report.get(step.etype)?.keys() ?? []) far.add(id);
    traceWhere(step.far, report, db, far);
    for (const id of far) for (const near of nearEnds(step, id, db)) ids.add(near);
  }
  for (const { members } of where.groups) for (const member of members) traceWhere(member, report, db, ids);
}

export function eachChangedLink(link: LinkEnd, report: Report, changed: (near: string, far: string) => void): void {
  for (const [source, { before, after }] of report.get(link.attr.etype) ?? nobody) {
    eachDifference(before?.links(link.attr), after?.links(link.attr), (target) => {
      if (link.isForward) changed(source, target);
      else changed(target, source);
    });
  }
}
