// Which changed rows can matter to a query at all, told before there is any change: all of a namespace, or only those that
// hold one of some values, as its equalities have it. Whoever keeps many queries finds by it the few that a change is for.
// A row that is not named here cannot alter the answer; one that is may (affected.ts).

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { RowChange } from '../db/change-set.ts';
import type { Value } from '../protocol/triple.ts';
import type { ChildQueryNode, CompiledQuery, QueryNode } from './compile.ts';
import type { LinkStep, Where } from './where.ts';

/** What is looked at in a row: its id, a value it has, what it links to, what links to it. */
export type KeyExtractor = { readonly by: 'id' } | { readonly by: 'value' | 'target' | 'source'; readonly attr: KnownAttr };

export interface KeyConstraint {
  readonly extractor: KeyExtractor;
  readonly values: readonly Value[];
}

export interface Dependency {
  readonly etype: string;
  /** Undefined = every row. */
  readonly keyConstraint: KeyConstraint | undefined;
}

export function dependenciesOf({ nodes }: CompiledQuery): readonly Dependency[] {
  const found: Dependency[] = [];
  for (const node of nodes) visitNode(node, [], found);
  return found;
}

/** What a probe finds in a row, as it was and as it is. Links from elsewhere only as they are: their change is another row's. */
export function keyOf(extractor: KeyExtractor, id: string, { before, after }: RowChange, db: Db): readonly Value[] {
  switch (extractor.by) {
    case 'id':
      return [id];
    case 'value':
      return [before?.value(extractor.attr), after?.value(extractor.attr)];
    case 'target':
      return [...(before?.targets(extractor.attr) ?? []), ...(after?.targets(extractor.attr) ?? [])];
    case 'source':
      return db.holders(extractor.attr, id);
  }
}

/** `pinned`: the form matches rows of these ids only; empty if that is not so. */
function visitNode(node: QueryNode, inherited: readonly KeyConstraint[], found: Dependency[]): void {
  if (node.isEmpty) return;
  const own = node.where && keyConstraintsOf(node.where);
  addDependencies(node.etype, own ?? (inherited.length > 0 ? inherited : undefined), found);
  if (node.where) visitWhere(node.where, found);
  const ids = own?.every(({ extractor: extractor }) => extractor.by === 'id') ? own.flatMap(({ values }) => values) : [];
  for (const child of node.children) visitNode(child, ids.length > 0 ? keyConstraintsBelow(child, ids) : [], found);
}

function keyConstraintsBelow({ link }: ChildQueryNode, ids: readonly Value[]): readonly KeyConstraint[] {
  return link ? [{ extractor: { by: link.isForward ? 'source' : 'target', attr: link.attr }, values: ids }] : [];
}

function visitWhere(where: Where, found: Dependency[]): void {
  for (const step of where.steps) {
    addDependencies(step.etype, step.acceptsNone ? undefined : keyConstraintsOfFar(step), found);
    visitWhere(step.far, found);
  }
  for (const { members } of where.groups) for (const member of members) visitWhere(member, found);
}

function keyConstraintsOfFar(step: LinkStep): readonly KeyConstraint[] | undefined {
  const ids = step.idConditions.find(({ equals }) => equals)?.equals;
  return ids ? [{ extractor: { by: 'id' }, values: ids }] : keyConstraintsOf(step.far);
}

/** One of these is met by every row that matches; undefined if that cannot be said. */
function keyConstraintsOf(where: Where): readonly KeyConstraint[] | undefined {
  for (const { attr, condition } of where.tests) {
    const values = condition.equals;
    if (values) return [{ extractor: attr === where.idAttr ? { by: 'id' } : { by: 'value', attr }, values }];
  }
  for (const step of where.steps) {
    const ids = step.acceptsNone ? undefined : linkedIds(step);
    if (ids) return [{ extractor: { by: step.isForward ? 'target' : 'source', attr: step.attr }, values: ids }];
  }
  for (const { kind, members } of where.groups) {
    const constraints = members.map(keyConstraintsOf);
    if (kind === 'and') {
      const first = constraints.find((some) => some !== undefined);
      if (first) return first;
    } else if (constraints.every((some) => some !== undefined)) return constraints.flat();
  }
  return undefined;
}

function linkedIds({ idConditions, far }: LinkStep): readonly Value[] | undefined {
  const asked =
    idConditions.find(({ equals }) => equals) ??
    far.tests.find(({ attr, condition }) => attr === far.idAttr && condition.equals)?.condition;
  return asked?.equals;
}

function addDependencies(etype: string, constraints: readonly KeyConstraint[] | undefined, found: Dependency[]): void {
  if (constraints) for (const keyConstraint of constraints) found.push({ etype, keyConstraint });
  else found.push({ etype, keyConstraint: undefined });
}
