// An answer as it is kept: the triples of a group of entities as text, small and quick to read. Attr ids stand once; an entity is
// a list that begins with its id and time, and goes on with attr and value, and a time of its own where that differs.

import type { Namespace } from '../db/attrs.ts';
import type { Row } from '../db/row.ts';
import { rowTriples } from '../db/triples.ts';
import { isTriple, type Triple } from '../protocol/triple.ts';

/** A row with what its slots mean. */
export type AnswerRow = readonly [row: Row, namespace: Namespace];

/** The number of an attr stands for itself; for an attr whose value has a time of its own, `-1 -` that. */
type Packed = readonly [attrs: readonly string[], entities: readonly (readonly unknown[])[]];

export function packTriples(triples: Iterable<Triple>): string {
  const attrs = new Map<string, number>();
  const entities = new Map<string, unknown[]>();
  for (const [e, a, v, t] of triples) {
    let number = attrs.get(a);
    if (number === undefined) attrs.set(a, (number = attrs.size));
    let entity = entities.get(e);
    if (!entity) entities.set(e, (entity = [e, t]));
    if (entity[1] === t) entity.push(number, v);
    else entity.push(-1 - number, v, t);
  }
  return JSON.stringify([[...attrs.keys()], [...entities.values()]] satisfies Packed);
}

export function packRows(rows: readonly AnswerRow[]): string {
  return packTriples(rows.flatMap(([row, namespace]) => [...rowTriples(row, namespace)]));
}

/** What cannot be read is left out. */
export function unpackTriples(text: unknown): Triple[] {
  const packed = parse(text);
  if (!packed) return [];
  const [attrs, entities] = packed;
  const triples: Triple[] = [];
  for (const entity of entities) {
    if (!isList(entity)) continue;
    const [e, t] = entity;
    for (let at = 2; at + 1 < entity.length; at += 2) {
      const number = Number(entity[at]);
      const isOwn = number < 0;
      const triple: unknown = [e, attrs[isOwn ? -1 - number : number], entity[at + 1], isOwn ? entity[at + 2] : t];
      if (isTriple(triple)) triples.push(triple);
      if (isOwn) at += 1;
    }
  }
  return triples;
}

function parse(text: unknown): Packed | undefined {
  try {
    const packed: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    return Array.isArray(packed) && Array.isArray(packed[0]) && Array.isArray(packed[1]) ? (packed as unknown as Packed) : undefined;
  } catch {
    return undefined;
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
