// Copies the values of a transaction, so that later changes to the originals have no effect, and rejects values that JSON would drop or
// fail on.

import { TransactionValidationError } from '../errors.ts';
import { hasJson } from '../lib/json.ts';
import type { Value } from '../protocol/triple.ts';

const maxDepth = 500;

/**
 * Copies a value for storing.
 *
 * @param path the position of the value for error messages, such as `acts.rider`
 * @returns the value as JSON carries it, except that dates stay `Date` objects
 * @throws TransactionValidationError if the value cannot be stored
 */
export function storable(value: unknown, path: string): Value {
  return copy(value, path, new Set());
}

function copy(value: unknown, path: string, ancestors: Set<object>): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : reject(path, `${value} is not a JSON value`);
    case 'object':
      return value === null ? null : copyObject(value, path, ancestors);
    default:
      return reject(path, `a ${typeof value} cannot be stored`);
  }
}

function copyObject(value: object, path: string, ancestors: Set<object>): Value {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? reject(path, 'the date is invalid') : new Date(value);
  if (value instanceof Map || value instanceof Set) return reject(path, 'a Map or Set cannot be stored: use an object or an array');
  if (ancestors.has(value)) return reject(path, 'it contains a circular reference');
  if (ancestors.size >= maxDepth) return reject(path, `it is nested more than ${maxDepth} levels deep`);
  ancestors.add(value);
  const copied = copyParts(value, path, ancestors);
  ancestors.delete(value);
  return copied;
}

function copyParts(value: object, path: string, ancestors: Set<object>): Value {
  if (Array.isArray(value)) return Array.from(value, (item, at) => copy(item, `${path}[${at}]`, ancestors) ?? null);
  if (hasJson(value)) return copy(value.toJSON(), path, ancestors);
  const entries = Object.entries(value).map(([key, item]) => [key, copy(item, `${path}.${key}`, ancestors)] as const);
  // `fromEntries` sets `__proto__` as an ordinary key.
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function reject(path: string, why: string): never {
  throw new TransactionValidationError(`Cannot write the value of '${path}': ${why}`);
}
