// What is asked first of a list without end: its top. The other pages are bounded on another side.

import type { ListRequest } from './list-request.ts';
import type { FormOptions, FormShape } from './query/query.ts';

const byAge = { serverCreatedAt: 'asc' };

interface FirstPage extends FormShape {
  readonly $: FormOptions & { readonly limit: number; readonly order: NonNullable<FormOptions['order']> };
}

export function firstPage({ form }: ListRequest): FirstPage {
  const { where, fields, limit, order = {} } = form.$ ?? {};
  return { ...form, $: { where, fields, limit: limit ?? 10, order: Object.keys(order).length > 0 ? order : byAge } };
}
