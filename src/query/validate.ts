// Validates the shape of a query without a schema: forms are objects, options exist, and JSON can represent every value. Names and types are
// checked against a schema in schema/check-query.ts.

import type { AnySchema } from '../schema/schema.ts';
import type { QueryNodeOptions } from './query.ts';
import { QueryValidationError } from '../errors.ts';
import { hasJson, isOpaque, tagOf } from '../lib/json.ts';
import { kindOf, listed, own } from '../schema/read.ts';
import { type QueryNodes, checkQuery } from '../schema/check-query.ts';

/** Servers reject frames nested deeper than 100 levels. */
const maxDepth = 90;

/** Option → whether it works for top-level namespaces only. */
const options: Readonly<Record<keyof QueryNodeOptions, boolean>> = {
  where: false,
  order: false,
  limit: false,
  last: true,
  first: true,
  offset: true,
  after: true,
  afterInclusive: true,
  before: true,
  beforeInclusive: true,
  fields: false,
  aggregate: false,
};

/** @throws QueryValidationError with a message that begins with the path of the fault */
export function checkQueryShape(query: unknown): asserts query is QueryNodes {
  expectObject(query, 'A query');
  expectSendable(query, '', new Set());
  for (const [etype, node] of Object.entries(query)) if (etype !== '$$ruleParams') checkNode(node, etype, etype, true);
}

function checkNode(node: unknown, name: string, path: string, isTop: boolean): void {
  expectObject(node, `What is asked of '${name}'`, path);
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    const at = `${path}.${key}`;
    if (key === '$') checkOptions(value, at, isTop);
    // Omitted on purpose, as in `{ todos: isOpen ? {} : undefined }`.
    else if (value !== undefined) checkNode(value, key, at, false);
  }
}

function checkOptions(input: unknown, path: string, isTop: boolean): void {
  expectObject(input, 'What `$` holds', path);
  for (const [key, value] of Object.entries(input) as [string, unknown][]) {
    const isTopOnly = own(options, key);
    if (isTopOnly === undefined) throw new QueryValidationError(`There is no option '${key}'. The options: ${listed(options)}`, path);
    if (isTopOnly && !isTop && value !== undefined) throw new QueryValidationError(`'${key}' works on top-level namespaces only`, path);
  }
}

function expectObject(value: unknown, what: string, path?: string): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new QueryValidationError(`${what} must be an object with string keys, but received: ${kindOf(value)}`, path);
  }
}

/** @throws QueryValidationError if JSON cannot carry the value */
export function expectSendable(value: unknown, path: string, above: Set<object> = new Set()): void {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
    throw new QueryValidationError(`A ${typeof value} cannot be part of a query`, path);
  }
  // JSON has null for these, which means something else to a condition and to a rule.
  if (typeof value === 'number' && !Number.isFinite(value)) throw new QueryValidationError(`${value} is not a number that JSON has`, path);
  if (value instanceof Date && Number.isNaN(value.getTime())) throw new QueryValidationError('The date is invalid', path);
  // Objects with `toJSON`, such as dates, define their own JSON.
  if (typeof value !== 'object' || value === null || hasJson(value)) return;
  if (value instanceof Map || value instanceof Set) throw new QueryValidationError('A Map or Set cannot be part of a query', path);
  // The result of such a query would not be recognized: the server has another query than the client.
  if (isOpaque(value)) throw new QueryValidationError(`A ${tagOf(value)} cannot be part of a query`, path);
  if (above.has(value)) throw new QueryValidationError('The query contains itself', path);
  if (above.size >= maxDepth) throw new QueryValidationError(`The query is more than ${maxDepth} levels deep`);
  above.add(value);
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw new QueryValidationError(`Nothing can be called '__proto__'`, path || key);
    expectSendable(item, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key, above);
  }
  above.delete(value);
}

/**
 * Throws for a query that is invalid by itself or under the schema.
 *
 * @throws QueryValidationError
 * @example
 * validateQuery({ goals: { $: { where: { titel: 'Swim' } } } }, schema) // throws: At path 'goals.$.where.titel': …
 */
export function validateQuery(query: unknown, schema?: AnySchema): void {
  checkQueryShape(query);
  if (schema) checkQuery(query, schema);
}
