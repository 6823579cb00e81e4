// Whether two rows hold the same.

import { equal } from '../lib/equal.ts';
import type { KnownAttr } from './attrs.ts';
import { type Links, sameLinks } from './links.ts';
import type { Row } from './row.ts';

/** Whether two rows hold the same triples; times other than the creation time do not count. */
export function sameRow(a: Row, b: Row, attrs: { readonly forward: ReadonlyMap<string, KnownAttr> }): boolean {
  if (a === b) return true;
  if (a.t !== b.t) return false;
  const length = Math.max(a.values.length, b.values.length);
  for (let slot = 0; slot < length; slot++) {
    const x = a.values[slot];
    const y = b.values[slot];
    if (x === y) continue;
    if (typeof x !== 'object' || typeof y !== 'object' || x === null || y === null) return false;
    if (!equal(x, y) && !(Array.isArray(x) && isLink(attrs, slot) && sameLinks(x as Links, y as Links))) return false;
  }
  return true;
}

function isLink(attrs: { readonly forward: ReadonlyMap<string, KnownAttr> }, slot: number): boolean {
  for (const attr of attrs.forward.values()) if (attr.slot === slot) return attr.isRef;
  return false;
}
