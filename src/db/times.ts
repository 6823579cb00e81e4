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
    times[attr.slot] = linkTimes(value as readonly string[], before, stored, now);
  } else {
    times[attr.slot] = undefined;
  }
  return times;
}

/** Links keep their order: each is looked for behind the one before it first. */
function linkTimes(targets: readonly string[], before: readonly string[], times: Times, now: () => number): number[] {
  let next = 0;
  return targets.map((target) => {
    const ahead = before.indexOf(target, next);
    const at = ahead < 0 ? before.indexOf(target) : ahead;
    if (at < 0) return now();
    next = at + 1;
    return (typeof times === 'object' ? times[at] : times) ?? now();
  });
}

function timeOf(targets: readonly string[], times: Times, target: string): number | undefined {
  const at = targets.indexOf(target);
  return at < 0 ? undefined : typeof times === 'object' ? times[at] : times;
}
