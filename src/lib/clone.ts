// `structuredClone`, with a replacement for JavaScript engines that do not have it, such as Hermes.

import { readGlobal } from './global.ts';
import { isObject } from './json.ts';

/** @throws if a value cannot be cloned, where the platform has `structuredClone` */
export function clone<T>(value: T): T {
  const native = readGlobal(() => structuredClone);
  return native ? native(value) : (copy(value) as T);
}

/** Copies what stores hold: JSON values and dates. */
function copy(value: unknown): unknown {
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) return value.map(copy);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copy(part)])) : value;
}
