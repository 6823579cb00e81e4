// That what is asked has the form of a query: forms that are objects, options that exist, and nothing that cannot be sent as it stands,
// because JSON has no word for it. Whether its names and values fit a schema is told in schema/check-query.ts.

// A query checked by itself, before anybody asks it.

import type { AnySchema } from '../schema/schema.ts';
import type { QueryNodeOptions } from './query.ts';
import { QueryValidationError } from '../errors.ts';
import { hasJson } from '../lib/json.ts';
import { kindOf, listed, own } from '../schema/read.ts';
import { type QueryNodes, checkQuery } from '../schema/check-query.ts';

const maxDepth = 500;

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

/** @throws QueryValidationError whose message begins with the path to its place */
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
    // Left out on purpose, as in `{ todos: isOpen ? {} : undefined }`.
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

function expectSendable(value: unknown, path: string, above: Set<object>): void {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
    throw new QueryValidationError(`A ${typeof value} cannot be part of a query`, path);
  }
  // What says itself what it is in JSON, as dates do, is taken at its word.
  if (typeof value !== 'object' || value === null || hasJson(value)) return;
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
 * Refuses a query that cannot be right.
 *
 * @throws QueryValidationError
 * @example
 * validateQuery({ goals: { $: { where: { titel: 'Swim' } } } }, schema) // throws: At path 'goals.$.where.titel': …
 */
export function validateQuery(query: unknown, schema?: AnySchema): void {
  checkQueryShape(query);
  if (schema) checkQuery(query, schema);
}
