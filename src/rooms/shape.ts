// Answers of an API, checked as far as the adapter reads them: a proxy's error page, or another service at the address, must not pass for data.

import { isPlain } from './payload.ts';

type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'any';

/** Field → what it has to be; with `?`, it may be null or absent. */
export type Shape = Readonly<Record<string, Kind | `${Kind}?`>>;

/** What is wrong with a value; undefined if it has the shape. Fields the shape does not name are let through. */
export function misfit(value: unknown, shape: Shape): string | undefined {
  if (!isPlain(value)) return 'it is no object';
  for (const [field, wanted] of Object.entries(shape)) {
    const found = value[field];
    const isOptional = wanted.endsWith('?');
    if (found === undefined || found === null) {
      if (!isOptional) return `'${field}' is missing`;
    } else if (!isOf(found, wanted.replace('?', '') as Kind)) return `'${field}' is not of type ${wanted.replace('?', '')}`;
  }
  return undefined;
}

function isOf(value: unknown, kind: Kind): boolean {
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return isPlain(value);
  return kind === 'any' || typeof value === kind;
}
