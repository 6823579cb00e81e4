// Converts values to JSON for display.

import { durationText, timestampText } from './time.ts';
import { Duration, isList, MapValue, Timestamp, TypeValue, Uint } from './values.ts';

/** Limits the size: values may share parts so often that their JSON would be enormous. */
const most = 10_000;

export function asJson(value: unknown): unknown {
  let count = 0;
  const visit = (each: unknown): unknown => {
    if (++count > most) return null;
    if (typeof each === 'bigint') return Number(each);
    if (each instanceof Uint) return Number(each.value);
    if (each instanceof Timestamp) return timestampText(each);
    if (each instanceof Duration) return durationText(each);
    if (each instanceof TypeValue) return each.name;
    if (each instanceof Uint8Array) return Array.from(each);
    if (isList(each)) return each.map(visit);
    if (each instanceof MapValue) return Object.fromEntries(each.keys().map((key) => [String(visit(key)), visit(each.get(key))]));
    return typeof each === 'object' ? null : each;
  };
  return visit(value);
}
