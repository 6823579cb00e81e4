// A query as a program hands it in, and as it is sent: checked, and with what its options say.

import type { ResolvedConfig } from './config.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { validateQuery } from '../query/validate.ts';
import type { SubscribeOptions } from '../types/query.ts';

type ValidationConfig = Partial<Pick<ResolvedConfig, 'disableValidation' | 'schema'>>;

/** @throws QueryValidationError */
export function toWireQuery(query: unknown, { disableValidation, schema }: ValidationConfig, opts?: SubscribeOptions): WireQuery {
  if (!disableValidation) validateQuery(query, schema);
  const wireQuery = query as WireQuery;
  return opts?.ruleParams ? { $$ruleParams: opts.ruleParams, ...wireQuery } : wireQuery;
}
