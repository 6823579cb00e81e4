// A query checked by itself, before anybody asks it.

import type { AnySchema } from '../schema.ts';
import { checkQuery } from '../schema/check-query.ts';
import { checkQueryForm } from './check-form.ts';

/**
 * Refuses a query that cannot be right.
 *
 * @throws QueryValidationError
 * @example
 * validateQuery({ goals: { $: { where: { titel: 'Swim' } } } }, schema) // throws: At path 'goals.$.where.titel': …
 */
export function validateQuery(query: unknown, schema?: AnySchema): void {
  checkQueryForm(query);
  if (schema) checkQuery(query, schema);
}
