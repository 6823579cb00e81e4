// What a program asks of a list without end, read off its query.

import { QueryValidationError } from './errors.ts';
import type { FormShape } from './query/query.ts';

export interface ListRequest {
  readonly etype: string;
  readonly form: FormShape;
}

/** @throws QueryValidationError unless exactly one namespace is asked for */
export function readListRequest({ $$ruleParams: _, ...forms }: Readonly<Record<string, unknown>>): ListRequest {
  const [[etype, form] = [], ...others] = Object.entries(forms);
  if (etype === undefined || !form || others.length > 0) throw new QueryValidationError('An infinite query asks for exactly one namespace');
  return { etype, form: form as FormShape };
}
