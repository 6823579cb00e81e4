// The identity of what is read anew each time: what did not change stays the object it was.

type Bag = Readonly<Record<string, unknown>>;

/** `after`, with every part of it that is equal to the same part of `before` replaced by that. */
export function keep<T>(before: unknown, after: T): T {
  if (before instanceof Date && after instanceof Date && Number(before) === Number(after)) return before as T;
  const kind = kindOf(after);
  if (Object.is(before, after) || !kind || kind !== kindOf(before)) return after;
  const were = before as Bag;
  const entries = Object.entries(after as Bag).map(([key, value]) => [key, keep(own(were, key), value)] as const);
  const isSame =
    entries.length === Object.keys(were).length && entries.every(([key, value]) => key in were && Object.is(own(were, key), value));
  if (isSame) return before as T;
  return (kind === Array.prototype ? entries.map(([, value]) => value) : Object.fromEntries(entries)) as T;
}

/** Of plain objects and arrays; all else is a value. */
function kindOf(value: unknown): unknown {
  const kind: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return kind === Object.prototype || kind === Array.prototype ? kind : undefined;
}

function own(bag: Bag, key: string): unknown {
  return Object.hasOwn(bag, key) ? bag[key] : undefined;
}
