// Which changed rows can matter to a query at all, told before there is any change: all of a namespace, or only those that
// hold one of some values, as its equalities have it. Whoever keeps many queries finds by it the few that a change is for.
// A row that is not named here cannot alter the answer; one that is may (affected.ts).

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { RowChange } from '../db/report.ts';
import type { Value } from '../protocol/triple.ts';
import type { ChildForm, CompiledQuery, Form } from './compile.ts';
import type { LinkStep, Where } from './where.ts';

/** What is looked at in a row: its id, a value it has, what it links to, what links to it. */
export type Probe = { readonly by: 'id' } | { readonly by: 'value' | 'target' | 'source'; readonly attr: KnownAttr };

export interface Pin {
  readonly probe: Probe;
  readonly values: readonly Value[];
}

export interface Interest {
  readonly etype: string;
  /** Undefined = every row. */
  readonly pin: Pin | undefined;
}

export function interestsOf({ forms }: CompiledQuery): readonly Interest[] {
  const found: Interest[] = [];
  for (const form of forms) visitForm(form, [], found);
  return found;
}

/** What a probe finds in a row, as it was and as it is. Links from elsewhere only as they are: their change is another row's. */
export function probe(at: Probe, id: string, { before, after }: RowChange, db: Db): readonly Value[] {
  switch (at.by) {
    case 'id':
      return [id];
    case 'value':
      return [before?.value(at.attr), after?.value(at.attr)];
    case 'target':
      return [...(before?.targets(at.attr) ?? []), ...(after?.targets(at.attr) ?? [])];
    case 'source':
      return db.holders(at.attr, id);
  }
}

/** `pinned`: the form matches rows of these ids only; empty if that is not so. */
function visitForm(form: Form, inherited: readonly Pin[], found: Interest[]): void {
  if (form.isEmpty) return;
  const own = form.where && pinsOf(form.where);
  enter(form.etype, own ?? (inherited.length > 0 ? inherited : undefined), found);
  if (form.where) visitWhere(form.where, found);
  const ids = own?.every(({ probe: at }) => at.by === 'id') ? own.flatMap(({ values }) => values) : [];
  for (const child of form.children) visitForm(child, ids.length > 0 ? pinsBelow(child, ids) : [], found);
}

function pinsBelow({ link }: ChildForm, ids: readonly Value[]): readonly Pin[] {
  return link ? [{ probe: { by: link.isForward ? 'source' : 'target', attr: link.attr }, values: ids }] : [];
}

function visitWhere(where: Where, found: Interest[]): void {
  for (const step of where.steps) {
    enter(step.etype, step.acceptsNone ? undefined : pinsOfFar(step), found);
    visitWhere(step.far, found);
  }
  for (const { members } of where.groups) for (const member of members) visitWhere(member, found);
}

function pinsOfFar(step: LinkStep): readonly Pin[] | undefined {
  const ids = step.idConditions.find(({ equals }) => equals)?.equals;
  return ids ? [{ probe: { by: 'id' }, values: ids }] : pinsOf(step.far);
}

/** One of these is met by every row that matches; undefined if that cannot be said. */
function pinsOf(where: Where): readonly Pin[] | undefined {
  for (const { attr, condition } of where.tests) {
    const values = condition.equals;
    if (values) return [{ probe: attr === where.idAttr ? { by: 'id' } : { by: 'value', attr }, values }];
  }
  for (const step of where.steps) {
    const ids = step.acceptsNone ? undefined : linkedIds(step);
    if (ids) return [{ probe: { by: step.isForward ? 'target' : 'source', attr: step.attr }, values: ids }];
  }
  for (const { kind, members } of where.groups) {
    const pins = members.map(pinsOf);
    if (kind === 'and') {
      const first = pins.find((some) => some !== undefined);
      if (first) return first;
    } else if (pins.every((some) => some !== undefined)) return pins.flat();
  }
  return undefined;
}

function linkedIds({ idConditions, far }: LinkStep): readonly Value[] | undefined {
  const asked =
    idConditions.find(({ equals }) => equals) ??
    far.tests.find(({ attr, condition }) => attr === far.idAttr && condition.equals)?.condition;
  return asked?.equals;
}

function enter(etype: string, pins: readonly Pin[] | undefined, found: Interest[]): void {
  if (pins) for (const pin of pins) found.push({ etype, pin });
  else found.push({ etype, pin: undefined });
}
