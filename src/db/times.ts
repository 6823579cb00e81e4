// Computes the times of a row's values after a change, for stores that record a time per triple.

import type { Value } from '../protocol/triple.ts';
import type { KnownAttr } from './attrs.ts';
import type { Row, Times } from './row.ts';

/** A replaced value keeps the time of the first one; each link target has its own time. */
export function timesAfter(row: Row | undefined, attr: KnownAttr, value: Value, now: () => number): readonly Times[] {
  const times = row?.times?.slice() ?? [];
  const stored = times[attr.slot];
  const before = row?.targets(attr) ?? [];
  if (!attr.isRef || typeof value === 'string') {
    times[attr.slot] =
      value === undefined ? undefined : attr.isRef ? (timeOf(before, stored, value as string) ?? now()) : (stored ?? now());
  } else if (Array.isArray(value)) {
    times[attr.slot] = (value as string[]).map((target) => timeOf(before, stored, target) ?? now());
  } else {
    times[attr.slot] = undefined;
  }
  return times;
}

function timeOf(targets: readonly string[], times: Times, target: string): number | undefined {
  const at = targets.indexOf(target);
  return at < 0 ? undefined : typeof times === 'object' ? times[at] : times;
}
