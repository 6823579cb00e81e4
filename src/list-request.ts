// What a program asks of a list without end, read off its query, and the first page of it.

import { QueryValidationError } from './errors.ts';
import type { FormShape } from './query/query.ts';

export interface ListRequest {
  readonly etype: string;
  readonly form: FormShape;
  readonly pageSize: number;
  readonly order: Readonly<Record<string, unknown>>;
}

/** @throws QueryValidationError unless exactly one namespace is asked for */
export function readListRequest(query: Readonly<Record<string, unknown>>): ListRequest {
  const etypes = Object.keys(query).filter((key) => key !== '$$ruleParams');
  const [etype] = etypes;
  const form = etype === undefined ? undefined : (query[etype] as FormShape | undefined);
  if (etypes.length !== 1 || etype === undefined || !form)
    throw new QueryValidationError('An infinite query asks for exactly one namespace');
  const order = form.$?.order && Object.keys(form.$.order).length > 0 ? form.$.order : { serverCreatedAt: 'asc' };
  return { etype, form, order, pageSize: form.$?.limit ?? 10 };
}

/** What is asked first: the top of the list. */
export function firstPage({ etype, form, order, pageSize }: ListRequest): Record<string, FormShape> {
  const { where, fields } = form.$ ?? {};
  return { [etype]: { ...form, $: { ...(where && { where }), ...(fields && { fields }), limit: pageSize, order } } };
}
