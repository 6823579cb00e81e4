// The identity of a query: equal queries have the same key, independent of property order.

import { hasJson } from '../lib/json.ts';

/** Canonical JSON: sorted keys, without undefined, with `toJSON` applied. */
export function queryKey(query: unknown): string {
  return JSON.stringify(canonical(query)) ?? 'undefined';
}

function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (hasJson(value)) return canonical(value.toJSON());
  if (Array.isArray(value)) return value.map(canonical);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, canonical(item)]));
}
