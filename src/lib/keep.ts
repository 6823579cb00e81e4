// The identity of what is read anew each time: what did not change stays the object it was.

/** `after`, with every part of it that is equal to the same part of `before` replaced by that. */
export function keep<T>(before: unknown, after: T): T {
  if (before instanceof Date && after instanceof Date && Number(before) === Number(after)) return before as T;
  if (Object.is(before, after) || !isPlain(before) || !isPlain(after)) return after;
  if (Array.isArray(before) !== Array.isArray(after)) return after;
  const were = before as Readonly<Record<string, unknown>>;
  const keys = Object.keys(after);
  let isSame = keys.length === Object.keys(were).length;
  const kept: Record<string, unknown> = Array.isArray(after) ? ([] as never) : {};
  for (const key of keys) {
    if (key === '__proto__') return after;
    kept[key] = keep(were[key], (after as Readonly<Record<string, unknown>>)[key]);
    isSame &&= Object.hasOwn(were, key) && Object.is(kept[key], were[key]);
  }
  return (isSame ? before : kept) as T;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
