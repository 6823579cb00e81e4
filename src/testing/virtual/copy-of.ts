// What a browser's disk and channels do to values: a structured clone, which is made fast for plain objects and arrays, as nearly all are.

/** @throws DataCloneError if a browser could not clone it */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? structuredClone(value) : value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
  const copy: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) define(copy, key, copyOf(each));
  return copy as T;
}

function define(copy: Record<string, unknown>, key: string, value: unknown): void {
  // An assignment to it would set the prototype.
  if (key === '__proto__') Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
  else copy[key] = value;
}
