// The values of a transaction, taken over: a copy that later changes to the original do not reach, with nothing in it that would be
// lost or fail on the way to the server.

import { TransactionValidationError } from '../errors.ts';
import { hasJson } from '../lib/json.ts';
import type { Value } from '../protocol/triple.ts';

const deepest = 500;

/**
 * @param place what the value is of, for the message: `acts.rider`
 * @returns the value as JSON will carry it, except that dates stay dates
 */
export function storable(value: unknown, place: string): Value {
  return copy(value, place, new Set());
}

function copy(value: unknown, place: string, above: Set<object>): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : refuse(place, `${value} is no JSON value`);
    case 'object':
      return value === null ? null : copyObject(value, place, above);
    default:
      return refuse(place, `a ${typeof value} cannot be stored`);
  }
}

function copyObject(value: object, place: string, above: Set<object>): Value {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? refuse(place, 'the date is invalid') : new Date(value);
  if (value instanceof Map || value instanceof Set) return refuse(place, 'a Map or Set cannot be stored: use an object or an array');
  if (above.has(value)) return refuse(place, 'it contains itself');
  if (above.size >= deepest) return refuse(place, `it is more than ${deepest} levels deep`);
  above.add(value);
  const copied = copyParts(value, place, above);
  above.delete(value);
  return copied;
}

function copyParts(value: object, place: string, above: Set<object>): Value {
  if (Array.isArray(value)) return Array.from(value, (item, at) => copy(item, `${place}[${at}]`, above) ?? null);
  if (hasJson(value)) return copy(value.toJSON(), place, above);
  const entries = Object.entries(value).map(([key, item]) => [key, copy(item, `${place}.${key}`, above)] as const);
  // `fromEntries` makes `__proto__` a key like any other.
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function refuse(place: string, why: string): never {
  throw new TransactionValidationError(`The value of '${place}' cannot be written: ${why}`);
}
