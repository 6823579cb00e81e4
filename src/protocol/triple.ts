// The unit of the data model: entity `e` has value `v` for attribute `a`, first stored at `t`.

/** JSON, or a `Date` if the app uses date objects. */
export type Value = unknown;

/** `t` is milliseconds since the epoch, server clock. PROTOCOL.md#triple */
export type Triple = readonly [e: string, a: string, v: Value, t: number];

export function isTriple(value: unknown): value is Triple {
  return (
    Array.isArray(value) &&
    value.length >= 4 &&
    typeof value[0] === 'string' &&
    typeof value[1] === 'string' &&
    typeof value[3] === 'number'
  );
}
