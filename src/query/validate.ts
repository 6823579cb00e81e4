// Validates the shape of a query without a schema: forms are objects, options exist, and JSON can represent every value. Names and types are
// checked against a schema in schema/check-query.ts.

import type { AnySchema } from '../schema/schema.ts';
import type { QueryNodeOptions } from './query.ts';
import { QueryValidationError } from '../errors.ts';
import { copyJson } from '../lib/copy-json.ts';
import { hasJson } from '../lib/json.ts';
import { kindOf, listed, own } from '../schema/read.ts';
import { type QueryNodes, checkQuery } from '../schema/check-query.ts';

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
  copyQuery(query);
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
  if (typeof value !== 'object' || value === null || Array.isArray(value) || hasJson(value)) {
    throw new QueryValidationError(`${what} must be an object with string keys, but received: ${kindOf(value)}`, path);
  }
}

/**
 * A copy of a query as JSON carries it: the program may change the object later, and `toJSON` may return something else each time, and the
 * result of a query that the server knows as another one would not be recognized.
 *
 * @throws QueryValidationError if JSON cannot carry it
 */
export function copyQuery(query: unknown): unknown {
  return copyJson(query, (why, at) => new QueryValidationError(why, at.slice(1)), 'text');
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
