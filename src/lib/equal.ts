// Deep equality of JSON values and dates, and structural sharing between an old and a new value.

import { hasOwn } from './own.ts';

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Number.isNaN(a) && Number.isNaN(b);
  if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => equal(item, b[at]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => hasOwn(b, key) && equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

type Bag = Readonly<Record<string, unknown>>;

/**
 * Returns `after` with every part that is equal to the same part of `before` replaced by that part, so that unchanged parts keep their
 * identity.
 */
export function structuralShare<T>(before: unknown, after: T): T {
  if (before instanceof Date && after instanceof Date && Number(before) === Number(after)) return before as T;
  const kind = kindOf(after);
  if (Object.is(before, after) || !kind || kind !== kindOf(before)) return after;
  const previous = before as Bag;
  const entries = Object.entries(after as Bag).map(([key, value]) => [key, structuralShare(own(previous, key), value)] as const);
  const isSame =
    entries.length === Object.keys(previous).length &&
    entries.every(([key, value]) => key in previous && Object.is(own(previous, key), value));
  if (isSame) return before as T;
  return (kind === Array.prototype ? entries.map(([, value]) => value) : Object.fromEntries(entries)) as T;
}

/** The prototype of plain objects and arrays; undefined for all other values. */
function kindOf(value: unknown): unknown {
  const kind: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return kind === Object.prototype || kind === Array.prototype ? kind : undefined;
}

function own(bag: Bag, key: string): unknown {
  return hasOwn(bag, key) ? bag[key] : undefined;
}
