// Compiles a `where`: tests of an entity's own values, steps over links, and groups. All entries of one `where` that use the same link must
// match one linked entity; each entry inside `or` and `and` may match another one.

import type { Attrs, KnownAttr, Namespace } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import { Row } from '../db/row.ts';
import { type Condition, condition, idPrefixCondition } from './conditions.ts';
import { interruption, isDue, knownMatches, spend } from './pass.ts';
import type { WhereShape } from './query.ts';

export interface ValueTest {
  readonly attr: KnownAttr;
  readonly condition: Condition;
}

export interface LinkStep {
  readonly label: string;
  readonly attr: KnownAttr;
  /** Whether the link is followed in its forward direction. */
  readonly isForward: boolean;
  readonly etype: string;
  /** Tests of the linked id. */
  readonly idConditions: Condition[];
  /** Tests of the linked entity. */
  readonly far: Where;
  /** Whether an entity without such a link matches. */
  acceptsNone: boolean;
}

export interface Group {
  readonly kind: 'or' | 'and';
  readonly members: readonly Where[];
}

export interface Where {
  readonly etype: string;
  readonly idAttr: KnownAttr;
  readonly tests: ValueTest[];
  readonly steps: LinkStep[];
  readonly groups: Group[];
}

export interface WhereContext {
  readonly attrs: Attrs;
  /** Receives every namespace that conditions read. */
  readonly etypes: Set<string>;
  readonly filtersByIdPrefix?: boolean | undefined;
}

/** Undefined if a name is unknown: then nothing matches. */
export function compileWhere(shape: WhereShape, etype: string, context: WhereContext, isMember = false): Where | undefined {
  const where = emptyWhere(etype, context);
  if (!where) return undefined;
  for (const [key, input] of Object.entries(shape)) {
    if ((key === 'or' || key === 'and') && Array.isArray(input)) {
      const members = input.map((member: WhereShape) => compileWhere(member, etype, context, true));
      if (members.includes(undefined)) return undefined;
      where.groups.push({ kind: key, members: members as Where[] });
    } else if (!addEntry(where, key.split('.'), input, context, !isMember)) return undefined;
  }
  return where;
}

function emptyWhere(etype: string, { attrs, etypes }: WhereContext): Where | undefined {
  const idAttr = attrs.namespace(etype).idAttr;
  etypes.add(etype);
  return idAttr && { etype, idAttr, tests: [], steps: [], groups: [] };
}

/** @param joins whether the entry must match the same linked entity as the entries before it. Returns false if a name is unknown. */
function addEntry(where: Where, [label = '', ...rest]: readonly string[], input: unknown, context: WhereContext, joins: boolean): boolean {
  if (label === '$entityIdStartsWith' && rest.length === 0) {
    if (context.filtersByIdPrefix) where.tests.push({ attr: where.idAttr, condition: idPrefixCondition(input) });
    return true;
  }
  const namespace = context.attrs.namespace(where.etype);
  const attr = namespace.forward.get(label);
  if (attr && !attr.isRef) {
    if (rest.length > 0) return false;
    where.tests.push({ attr, condition: condition(input, attr.checkedType === 'date') });
    return true;
  }
  let step = joins ? where.steps.find((known) => known.label === label) : undefined;
  if (!step) {
    const link = linkOf(namespace, label);
    const far = link && emptyWhere(link.etype, context);
    if (!far) return false;
    where.steps.push((step = { label, ...link, idConditions: [], far, acceptsNone: true }));
  }
  if (rest.length === 0) step.idConditions.push(condition(input, false));
  else if (!addEntry(step.far, rest, input, context, true)) return false;
  step.acceptsNone = step.idConditions.every(({ acceptsNull }) => acceptsNull) && acceptsMissing(step.far);
  return true;
}

export interface LinkEnd {
  readonly attr: KnownAttr;
  readonly isForward: boolean;
  /** The namespace at the other end. */
  readonly etype: string;
}

/** The link of a namespace with this label, forward links first. */
export function linkOf(namespace: Namespace, label: string): LinkEnd | undefined {
  const forward = namespace.forward.get(label);
  if (forward)
    return forward.isRef && forward.reverseEtype !== undefined
      ? { attr: forward, isForward: true, etype: forward.reverseEtype }
      : undefined;
  const reverse = namespace.reverse.get(label);
  return reverse && { attr: reverse, isForward: false, etype: reverse.etype };
}

function acceptsMissing(where: Where): boolean {
  return where.tests.every((test) => test.condition.acceptsNull) && where.steps.every((step) => step.acceptsNone);
}

/** The ids linked to an entity. @param row the entity, if it is already loaded */
export function linked(db: Db, { attr, isForward }: LinkEnd, id: string, row?: Row): readonly string[] {
  return ends(db, attr, isForward, id, row);
}

/** The entities that link to `far` now; former ones are found through the change of the link. */
export function nearEnds({ attr, isForward }: LinkEnd, far: string, db: Db): readonly string[] {
  return ends(db, attr, !isForward, far);
}

function ends(db: Db, attr: KnownAttr, isForward: boolean, id: string, row?: Row): readonly string[] {
  return isForward ? ((row ?? db.row(attr.etype, id))?.targets(attr) ?? []) : db.holders(attr, id);
}

export function matches(where: Where, row: Row, db: Db): boolean {
  spend(1 + where.tests.length);
  for (const { attr, condition: test } of where.tests) {
    const value = row.values[attr.slot];
    const isMissing = test.acceptsNull && (value === null || value === undefined);
    if ((isMissing || test.testsNull) && !row.exists(where.idAttr)) return false;
    if (!isMissing && (value === undefined || !test.matches(value))) return false;
  }
  for (const step of where.steps) if (!matchesLink(step, where, row, db)) return false;
  for (const { kind, members } of where.groups) {
    const memberMatches = (member: Where): boolean => matches(member, row, db);
    if (!(kind === 'or' ? members.some(memberMatches) : members.every(memberMatches))) return false;
  }
  return true;
}

function matchesLink(step: LinkStep, where: Where, row: Row, db: Db): boolean {
  if (step.idConditions.some(({ testsNull: asksNull }) => asksNull) && !row.exists(where.idAttr)) return false;
  const ids = linked(db, step, row.id, row);
  if (ids.length === 0) return step.acceptsNone && row.exists(where.idAttr);
  return ids.some((id) => matchesStep(step, id, db));
}

/** Whether a linked entity matches the step. */
export function matchesStep(step: LinkStep, id: string, db: Db): boolean {
  const { far } = step;
  // At the end of a path, the cache would cost more than the test.
  const known = far.steps.length > 0 ? knownMatches(db, step) : undefined;
  const answer = known?.get(id);
  if (answer !== undefined) return answer;
  if (known && isDue()) throw interruption;
  spend(1);
  const isMatch =
    step.idConditions.every((test) => test.matches(id)) &&
    ((far.tests.length === 0 && far.steps.length === 0) || matches(far, farRow(step, id, db), db));
  known?.set(id, isMatch);
  return isMatch;
}

/** The data of a linked entity; of an intermediate one, possibly only its id. */
export function farRow(step: LinkStep, id: string, db: Db): Row {
  return db.row(step.etype, id) ?? new Row(id, 0, []);
}
