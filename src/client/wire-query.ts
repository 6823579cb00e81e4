// Converts a query of the program to its wire form: validated, with its options included, and a copy.

import type { ResolvedConfig } from './config.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { copyQuery, validateQuery } from '../query/validate.ts';
import type { SubscribeOptions } from '../types/query.ts';

type ValidationConfig = Partial<Pick<ResolvedConfig, 'disableValidation' | 'schema'>>;

/** @throws QueryValidationError */
export function toWireQuery(query: unknown, { disableValidation, schema }: ValidationConfig, opts?: SubscribeOptions): WireQuery {
  if (!disableValidation) validateQuery(query, schema);
  const wireQuery = opts?.ruleParams ? { $$ruleParams: opts.ruleParams, ...(query as WireQuery) } : query;
  return copyQuery(wireQuery) as WireQuery;
}
