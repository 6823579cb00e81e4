// Validates queries, in three passes over the whole query: the form of its nodes and options; the form of its conditions; whether values,
// orders and cursors fit the attributes. An unknown name in a condition or as a nested node is not an error: nothing matches it.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { isGiven } from '../../query/compile.ts';
import { linkOf } from '../../query/where.ts';
import type { Actor } from '../data/system-rules.ts';
import { hasNullByte, invalid, nullByte, type Path, QueryFault } from '../errors.ts';
import { checkConditionForms } from './condition-check.ts';
import { checkGroups, checkValues, noLink } from './where-check.ts';

/** @throws InstantAPIError */
export function checkQuery(q: WireQuery, attrs: Attrs, actor: Actor): void {
  try {
    const nodes = Object.entries(q).filter(([etype]) => etype !== '$$ruleParams');
    const checks = nodes.map(([etype, node]): NodeCheck => ({ node, etype, path: [etype], isNested: false }));
    for (const check of checks) checkForm(check, attrs);
    checkConditionForms(q, attrs);
    for (const check of checks) checkFit(check, attrs, actor);
  } catch (error) {
    if (!(error instanceof QueryFault)) throw error;
    throw invalid('query', q, error.faults);
  }
}

interface NodeCheck {
  readonly node: unknown;
  /** Undefined below an unknown link. */
  readonly etype: string | undefined;
  readonly path: Path;
  readonly isNested: boolean;
}

type Options = Readonly<Record<string, unknown>>;

function childrenOf({ node, etype, path }: NodeCheck, attrs: Attrs): NodeCheck[] {
  if (!isObject(node)) return [];
  const labels = Object.keys(node).filter((label) => label !== '$');
  return labels.map((label) => {
    const link = etype === undefined ? undefined : linkOf(attrs.namespace(etype), label);
    return { node: node[label], etype: link?.etype, path: [...path, label], isNested: true };
  });
}

function checkForm(check: NodeCheck, attrs: Attrs): void {
  const { node, path, isNested } = check;
  if (!isObject(node)) throw new QueryFault(path, { expected: 'map?' }, 'what is asked of a namespace or link must be an object');
  if (node.$ !== undefined && node.$ !== null) {
    if (!isObject(node.$)) throw new QueryFault([...path, '$'], { expected: 'map?' }, 'options must be an object');
    checkOptionForms(node.$, [...path, '$'], isNested);
  }
  for (const child of childrenOf(check, attrs)) checkForm(child, attrs);
}

const knownOptions: ReadonlySet<string> = new Set([
  ...['where', 'order', 'limit', 'first', 'last', 'offset', 'after', 'before', 'afterInclusive', 'beforeInclusive'],
  ...['fields', 'aggregate'],
]);

const badOption = { expected: 'supported-options?' };
const badOrder = { expected: 'supported-order?' };

function checkOptionForms(options: Options, path: Path, isNested: boolean): void {
  const { where, order, aggregate, fields } = options;
  if (where !== undefined && where !== null) {
    if (!isObject(where)) throw new QueryFault([...path, 'where'], { expected: 'map?' }, 'where must be an object');
    checkGroups(where, path);
  }
  if (order !== undefined && order !== null) checkOrderForm(order, [...path, 'order']);
  const limits = ['limit', 'first', 'last'].filter((name) => isGiven(options[name]));
  for (const name of limits) checkCount(options[name], 1, [...path, name]);
  if (isGiven(options.offset)) checkCount(options.offset, 0, [...path, 'offset']);
  for (const name of ['after', 'before']) checkCursorForm(options, name, path);
  if (isGiven(aggregate) && aggregate !== 'count') throw new QueryFault([...path, 'aggregate'], badOption, "the only aggregate is 'count'");
  if (isGiven(fields) && !Array.isArray(fields))
    throw new QueryFault([...path, 'fields'], { expected: 'array?' }, 'fields must be a list of labels');
  for (const name of Object.keys(options))
    if (!knownOptions.has(name)) throw new QueryFault(path, badOption, `there is no option '${name}'`);
  const topOnly = ['offset', 'before', 'after'].find((name) => isNested && isGiven(options[name]));
  if (topOnly !== undefined) throw new QueryFault(path, badOption, `${topOnly} is for the top level only`);
  if (limits.length > 1) throw new QueryFault(path, badOption, `only one of ${limits.join(', ')} can be given`);
}

function checkCount(count: unknown, least: number, path: Path): void {
  if (Number.isSafeInteger(count) && Number(count) >= least) return;
  throw new QueryFault(path, badOption, `${String(path.at(-1))} must be an integer of at least ${least}`);
}

function checkOrderForm(order: unknown, path: Path): void {
  if (!isObject(order)) throw new QueryFault(path, { expected: 'map?' }, 'order must be an object');
  const entries = Object.entries(order);
  if (entries.length > 1) throw new QueryFault(path, { expected: 'single-key?' }, 'only one order can be given');
  for (const [label, direction] of entries) {
    if (direction === 'asc' || direction === 'desc') continue;
    throw new QueryFault([...path, label], { expected: 'valid-direction?' }, "the direction must be 'asc' or 'desc'");
  }
}

function checkCursorForm(options: Options, name: string, path: Path): void {
  const cursor = options[name];
  if (isGiven(cursor) && !hasCursorForm(cursor)) {
    throw new QueryFault([...path, name], { expected: 'join-row?' }, 'a cursor is a list of four: entity, attribute, value and time');
  }
  const inclusive = options[`${name}Inclusive`];
  if (inclusive !== undefined && inclusive !== null && typeof inclusive !== 'boolean') {
    throw new QueryFault([...path, `${name}Inclusive`], { expected: 'boolean?' }, `${name}Inclusive must be true or false`);
  }
}

/** A cursor without its time is detected by the next pass, as in the original. */
function hasCursorForm(cursor: unknown): boolean {
  if (!Array.isArray(cursor) || cursor.length < 3 || cursor.length > 4) return false;
  const [, attr, , time] = cursor as unknown[];
  return isUuid(attr) && (time === undefined || time === null || Number.isSafeInteger(time));
}

/** Whether values, order, cursors and aggregates fit the attributes and the actor. */
function checkFit(check: NodeCheck, attrs: Attrs, actor: Actor): void {
  const { node, etype, path, isNested } = check;
  const { $: options, ...children } = node as Options;
  if (isObject(options)) {
    const at = [...path, '$'];
    if (isObject(options.where)) checkValues(options.where, etype, [...at, 'where'], attrs);
    if (hasNullByte(options.where, 'ignored')) throw nullByte('of a condition contains null bytes, which no stored value has');
    const orderAttr = checkOrder(options.order, etype, [...at, 'order'], isNested, attrs);
    for (const name of ['after', 'before']) checkCursor(options[name], orderAttr, [...at, name]);
    if (isGiven(options.aggregate)) checkAggregate(isNested || Object.keys(children).length > 0, [...at, 'aggregate'], actor);
  }
  for (const child of childrenOf(check, attrs)) {
    const attr = etype === undefined || child.etype !== undefined ? undefined : attrs.forward(etype, String(child.path.at(-1)));
    if (attr) throw noLink(attr);
    checkFit(child, attrs, actor);
  }
}

/** Returns the attribute that cursors refer to; undefined if it cannot be determined. */
function checkOrder(order: unknown, etype: string | undefined, path: Path, isNested: boolean, attrs: Attrs): KnownAttr | undefined {
  const byCreation = etype === undefined ? undefined : attrs.idAttr(etype);
  const [label] = isObject(order) ? Object.keys(order) : [];
  if (label === undefined || label === 'serverCreatedAt' || etype === undefined) return byCreation;
  const attr = attrs.forward(etype, label);
  if (isNested) return attr ?? byCreation;
  // A namespace without entities has no attributes yet, and nothing to order.
  if (!attr) {
    if (!byCreation) return undefined;
    throw new QueryFault(path, badOrder, `'${etype}' has no attribute '${label}' to be ordered by`);
  }
  const name = `'${etype}.${label}'`;
  const missing = [
    ...(attr.isIndexed ? [] : [`${name} must be indexed to be ordered by`]),
    ...(attr.checkedType ? [] : [`${name} must have a type to be ordered by`]),
  ];
  if (missing.length > 0) throw new QueryFault(path, badOrder, ...missing);
  if (attr.isMany) throw new QueryFault(path, badOrder, `${name} has many values: nothing can be ordered by it`);
  return attr;
}

function checkCursor(cursor: unknown, orderAttr: KnownAttr | undefined, path: Path): void {
  if (!Array.isArray(cursor) || !orderAttr || cursor[1] === orderAttr.id) return;
  throw new QueryFault(path, { expected: 'valid-cursor?' }, 'this cursor is of a list in another order');
}

function checkAggregate(isPartOfTree: boolean, path: Path, actor: Actor): void {
  if (!actor.isAdmin) throw new QueryFault(path, { expected: 'admin?' }, 'only admins may aggregate');
  if (isPartOfTree)
    throw new QueryFault(path, { expected: 'valid-query?' }, 'a namespace that is counted has no links in it, and is no link');
}
