// Deep freezing of JSON values that several subscribers share.

/**
 * Freezes a JSON value and everything in it. A value that is frozen already is taken to be frozen all the way down, so that repeated calls
 * cost nothing. Dates are left alone: freezing does not stop their setters.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Date || Object.isFrozen(value)) return value;
  const pending: object[] = [value];
  const found: object[] = [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    found.push(next);
    for (const part of Object.values(next) as unknown[]) {
      if (typeof part === 'object' && part !== null && !(part instanceof Date) && !Object.isFrozen(part)) pending.push(part);
    }
  }
  // The innermost parts first: a value is never frozen before what it holds.
  for (let at = found.length - 1; at >= 0; at--) Object.freeze(found[at]);
  return value;
}
