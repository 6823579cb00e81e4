// The dependencies of a query, known before any change: whole namespaces, or rows with certain values where the query requires an equality.
// An index of many queries uses them to find the few that a change concerns. A changed row that no dependency covers cannot alter the
// result; one that is covered may (affected.ts).

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { RowChange } from '../db/change-set.ts';
import type { Value } from '../protocol/triple.ts';
import type { ChildQueryNode, CompiledQuery, QueryNode } from './compile.ts';
import type { LinkStep, Where } from './where.ts';

/** The key extractor of a row: its id, a value, its link targets, or the sources of a link to it. */
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

/** The keys of a row before and after the change. For links from other rows, only after: their change is a change of the other row. */
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

/** @param pinned the only ids that the node can match; empty if any id can match */
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

/** Constraints of which every matching row satisfies one; undefined if there are none. */
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
