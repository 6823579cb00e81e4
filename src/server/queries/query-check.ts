// What a server refuses of a query, with the path to it: what is no query, what only admins may ask, and what could not be
// answered from an index. A name nobody knows is no fault: nothing matches it.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import { isObject } from '../../lib/json.ts';
import { readCursor } from '../../protocol/query-result.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { linkOf } from '../../query/where.ts';
import { checkWhere } from './where-check.ts';
import { type Path, QueryFault } from '../errors.ts';
import { invalid } from '../errors.ts';
import type { Actor } from '../data/system-rules.ts';

/** @throws InstantAPIError */
export function checkQuery(q: WireQuery, attrs: Attrs, actor: Actor): void {
  try {
    for (const [etype, node] of Object.entries(q)) {
      if (etype === '$$ruleParams') continue;
      checkNode({ node, etype, path: [etype], depth: 0 }, attrs, actor);
    }
  } catch (error) {
    if (!(error instanceof QueryFault)) throw error;
    throw invalid('query', q, [error.fault]);
  }
}

interface NodeCheck {
  readonly node: unknown;
  /** Undefined below a link nobody knows. */
  readonly etype: string | undefined;
  readonly path: Path;
  readonly depth: number;
}

function checkNode({ node, etype, path, depth }: NodeCheck, attrs: Attrs, actor: Actor): void {
  if (!isObject(node)) throw new QueryFault(path, 'a form must be an object');
  const options = node.$;
  if (options !== undefined && options !== null) {
    if (!isObject(options)) throw new QueryFault([...path, '$'], 'options must be an object');
    checkOptions(options, { etype, path: [...path, '$'], isNested: depth > 0 }, attrs);
    if (options.aggregate !== undefined) checkAggregate(node, options.aggregate, path, depth, actor);
  }
  for (const [label, child] of Object.entries(node)) {
    if (label === '$') continue;
    const link = etype === undefined ? undefined : linkOf(attrs.namespace(etype), label);
    checkNode({ node: child, etype: link?.etype, path: [...path, label], depth: depth + 1 }, attrs, actor);
  }
}

interface OptionsContext {
  readonly etype: string | undefined;
  readonly path: Path;
  readonly isNested: boolean;
}

type Options = Readonly<Record<string, unknown>>;

const knownOptions: ReadonlySet<string> = new Set([
  ...['where', 'order', 'limit', 'first', 'last', 'offset', 'after', 'before', 'afterInclusive', 'beforeInclusive'],
  ...['fields', 'aggregate'],
]);

function checkOptions(options: Options, { etype, path, isNested }: OptionsContext, attrs: Attrs): void {
  for (const name of Object.keys(options))
    if (!knownOptions.has(name)) throw new QueryFault([...path, name], `there is no option '${name}'`);
  const { where, fields } = options;
  if (where !== undefined) checkWhere(where, etype, [...path, 'where'], attrs);
  if (fields !== undefined && !(Array.isArray(fields) && fields.every((field) => typeof field === 'string'))) {
    throw new QueryFault([...path, 'fields'], 'fields must be a list of texts');
  }
  checkCounts(options, path, isNested);
  const orderAttr = checkOrder(options.order, etype, [...path, 'order'], isNested, attrs);
  for (const name of ['after', 'before']) checkCursor(options[name], orderAttr, [...path, name], isNested);
}

function checkCounts(options: Options, path: Path, isNested: boolean): void {
  const limits = ['limit', 'first', 'last'].filter((name) => options[name] !== undefined);
  if (limits.length > 1) throw new QueryFault(path, `only one of ${limits.join(', ')} can be given`);
  for (const name of limits) {
    const count = options[name];
    if (!Number.isSafeInteger(count) || Number(count) <= 0) throw new QueryFault([...path, name], `${name} must be a positive integer`);
  }
  const { offset } = options;
  if (offset === undefined) return;
  if (!Number.isSafeInteger(offset) || Number(offset) < 0)
    throw new QueryFault([...path, 'offset'], 'offset must be an integer, not below 0');
  if (isNested) throw new QueryFault([...path, 'offset'], 'offset is for the top level only');
}

/** @returns the attr that cursors are of; undefined if that cannot be told */
function checkOrder(order: unknown, etype: string | undefined, path: Path, isNested: boolean, attrs: Attrs): KnownAttr | undefined {
  const byCreation = etype === undefined ? undefined : attrs.idAttr(etype);
  if (order === undefined) return byCreation;
  if (!isObject(order)) throw new QueryFault(path, 'order must be an object');
  const entries = Object.entries(order);
  if (entries.length > 1) throw new QueryFault(path, 'only one order can be given');
  const [label, direction] = entries[0] ?? [];
  if (label === undefined) return byCreation;
  if (direction !== 'asc' && direction !== 'desc') throw new QueryFault([...path, label], "the direction must be 'asc' or 'desc'");
  const attr = etype === undefined ? undefined : attrs.forward(etype, label);
  if (!attr || label === 'serverCreatedAt' || label === 'id') return byCreation;
  if (!isNested && (attr.isMany || !attr.isIndexed || !attr.checkedType)) {
    throw new QueryFault([...path, label], `'${attr.etype}.${label}' must be indexed, and have a type, to be ordered by`);
  }
  return attr;
}

function checkCursor(given: unknown, orderAttr: KnownAttr | undefined, path: Path, isNested: boolean): void {
  if (given === undefined) return;
  if (isNested) throw new QueryFault(path, 'cursors are for the top level only');
  const cursor = readCursor(given);
  if (!cursor) throw new QueryFault(path, 'this is no cursor');
  if (orderAttr && cursor[1] !== orderAttr.id) throw new QueryFault(path, 'this cursor is of a list in another order');
}

function checkAggregate(node: Options, aggregate: unknown, path: Path, depth: number, actor: Actor): void {
  const at = [...path, '$', 'aggregate'];
  if (!actor.isAdmin) throw new QueryFault(at, 'only admins may aggregate');
  if (aggregate !== 'count') throw new QueryFault(at, "the only aggregate is 'count'");
  if (depth > 0 || Object.keys(node).length > 1) throw new QueryFault(at, 'a namespace that is counted has no links in it, and is no link');
}
