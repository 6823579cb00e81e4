// Copies values as JSON will carry them, so that later changes to the originals have no effect, and rejects what JSON would drop or fail on.

import { hasJson, isOpaque, tagOf } from './json.ts';
import { hasOwn } from './own.ts';

/** A server reads no frame that is more than 100 levels deep, and a value is a few levels down in one. */
const maxDepth = 90;

/** Makes the error for a value that JSON cannot carry: why, and where in it (`.a[0]`; empty for the value itself). */
export type ErrorOf = (why: string, at: string) => Error;

/** What becomes of a date: it stays one, in the years that servers store, or becomes text. */
type Dates = 'stored' | 'text';

/** A deep copy of a value as JSON will carry it. Throws what `errorOf` makes if JSON cannot carry it whole. */
export function copyJson(value: unknown, errorOf: ErrorOf, dates: Dates = 'stored'): unknown {
  return copy(value, '', { ancestors: new Set(), errorOf, dates });
}

interface Copying {
  readonly ancestors: Set<object>;
  readonly errorOf: ErrorOf;
  readonly dates: Dates;
}

function copy(value: unknown, path: string, copying: Copying): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : reject(copying, path, `${value} is not a number that JSON has`);
    case 'object':
      return value === null ? null : copyObject(value, path, copying);
    default:
      return reject(copying, path, `a ${typeof value} is not a JSON value`);
  }
}

function copyObject(value: object, path: string, copying: Copying): unknown {
  if (value instanceof Date) return copyDate(value, path, copying);
  if (value instanceof Map || value instanceof Set)
    return reject(copying, path, 'a Map or Set is not a JSON value: use an object or an array');
  if (isOpaque(value)) return reject(copying, path, `a ${tagOf(value)} is not a JSON value`);
  const { ancestors } = copying;
  if (ancestors.has(value)) return reject(copying, path, 'it contains a circular reference');
  if (ancestors.size >= maxDepth) return reject(copying, path, `it is nested more than ${maxDepth} levels deep`);
  ancestors.add(value);
  const copied = copyParts(value, path, copying);
  ancestors.delete(value);
  return copied;
}

/** Outside these years a date's ISO text has a sign or six digits, which no server stores as a date. */
function copyDate(date: Date, path: string, copying: Copying): Date | string {
  const year = date.getUTCFullYear();
  if (Number.isNaN(year)) return reject(copying, path, 'the date is invalid');
  if (copying.dates === 'text') return date.toJSON();
  return year >= 1 && year <= 9999 ? new Date(date) : reject(copying, path, `the year ${year} of the date is not between 1 and 9999`);
}

function copyParts(value: object, path: string, copying: Copying): unknown {
  if (Array.isArray(value)) return Array.from(value, (item, at) => copy(item, `${path}[${at}]`, copying) ?? null);
  if (hasJson(value)) return copy(value.toJSON(), path, copying);
  if (hasOwn(value, '__proto__')) return reject(copying, `${path}.__proto__`, 'no key can be called so');
  const entries = Object.entries(value).map(([key, item]) => [key, copy(item, `${path}.${key}`, copying)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function reject({ errorOf }: Copying, at: string, why: string): never {
  throw errorOf(why, at);
}
