// A `where` compiled: tests of an entity's own values, steps over links, and groups of alternatives. All entries of
// one `where` that go over the same link speak of one linked entity; each entry of a member of `or`/`and` has its own.

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
  /** Whether the near end holds the link. */
  readonly isForward: boolean;
  readonly etype: string;
  /** Asked of the linked id itself. */
  readonly idConditions: Condition[];
  /** Asked of the linked entity. */
  readonly far: Where;
  /** Whether an entity without such a link passes. */
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
  /** Receives every namespace that conditions look at. */
  readonly etypes: Set<string>;
  readonly filtersByIdPrefix?: boolean | undefined;
}

/** Undefined where it names something the catalogue does not know: then nothing matches. */
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

/** `joins`: whether the entry speaks of the linked entity that the entries before it speak of. False if it names what nobody knows. */
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

/** The link a namespace knows by this label, whichever end it is; the end that holds it wins. */
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

/** The ids an entity is linked with over a link end. `row`: the entity, where it is at hand. */
export function linked(db: Db, { attr, isForward }: LinkEnd, id: string, row?: Row): readonly string[] {
  return ends(db, attr, isForward, id, row);
}

/** Those that reach `far` over the link now; those that did before are found by the link's own change. */
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

/** Whether a linked id is one that the step asks for. */
export function matchesStep(step: LinkStep, id: string, db: Db): boolean {
  const { far } = step;
  // Where the path ends here, remembering would cost more than asking again.
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

/** What is known of a linked entity: of one on the way to another it may be nothing but its id. */
export function farRow(step: LinkStep, id: string, db: Db): Row {
  return db.row(step.etype, id) ?? new Row(id, 0, []);
}
