// A query as a program hands it in, and as it is sent: checked, and with what its options say.

import type { ResolvedConfig } from './config.ts';
import type { WireQuery } from './protocol/query-messages.ts';
import { checkQueryForm } from './query/check-form.ts';
import type { AskOpts } from './types/query.ts';

type Checks = Partial<Pick<ResolvedConfig, 'disableValidation' | 'schema'>>;

/** @throws QueryValidationError */
export function queryOf(query: unknown, { disableValidation, schema }: Checks, opts?: AskOpts): WireQuery {
  if (!disableValidation) {
    checkQueryForm(query);
    schema?.checkQuery?.(query);
  }
  const asked = query as WireQuery;
  return opts?.ruleParams ? { $$ruleParams: opts.ruleParams, ...asked } : asked;
}
