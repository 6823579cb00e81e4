// `structuredClone`, with a replacement for JavaScript engines that do not have it, such as Hermes.

/** @throws if a value cannot be cloned, such as a function */
export function clone<T>(value: T): T {
  return typeof structuredClone === 'function' ? structuredClone(value) : (copy(value) as T);
}

/** Copies what stores hold: JSON values and dates. */
function copy(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`A ${typeof value} cannot be cloned`);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) return value.map(copy);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copy(part)]));
}
