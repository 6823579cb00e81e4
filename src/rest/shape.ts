// Responses of an API, checked as far as the adapter reads them: a proxy's error page, or another service at the address, must not pass for data.

import { isPlain } from '../rooms/payload.ts';

type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'any';

/** Field → what it must be; with `|null`, also null; with `?`, also null or absent. */
export type Shape = Readonly<Record<string, Kind | `${Kind}|null` | `${Kind}?`>>;

/** Says how a value differs from the shape; undefined if it does not. Other fields are ignored. */
export function misfit(value: unknown, shape: Shape): string | undefined {
  if (!isPlain(value)) return 'it is not an object';
  for (const [field, wanted] of Object.entries(shape)) {
    const found = value[field];
    const kind = wanted.replace(/\?|\|null/, '') as Kind;
    if (found === undefined) {
      if (!wanted.endsWith('?')) return `'${field}' is missing`;
    } else if (found === null ? wanted === kind && kind !== 'any' : !isOf(found, kind)) return `'${field}' is not of type ${wanted}`;
  }
  return undefined;
}

function isOf(value: unknown, kind: Kind): boolean {
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return isPlain(value);
  return kind === 'any' || typeof value === kind;
}
