// The stored text of a group of entities: compact and fast to parse. Each attr id is stored once. An entity is a list of its id and time,
// followed by attrs and values, each with its own time if it differs.

import type { Namespace } from '../../db/attrs.ts';
import type { Row } from '../../db/row.ts';
import { rowTriples } from '../../db/row.ts';
import { isTriple, type Triple } from '../../protocol/triple.ts';

/** A row with the meaning of its slots. */
export type CachedRow = readonly [row: Row, namespace: Namespace];

/** An attr's number stands for itself; for an attr whose value has its own time, `-1 - number`. */
type PackedRows = readonly [attrs: readonly string[], entities: readonly (readonly unknown[])[]];

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
  return JSON.stringify([[...attrs.keys()], [...entities.values()]] satisfies PackedRows);
}

export function packRows(rows: readonly CachedRow[]): string {
  return packTriples(rows.flatMap(([row, namespace]) => [...rowTriples(row, namespace)]));
}

/** Malformed parts are skipped. */
export function unpackTriples(text: unknown): Triple[] {
  const triples: Triple[] = [];
  try {
    const [attrs, entities] = JSON.parse(String(text)) as PackedRows;
    for (const [e, t, ...values] of entities) {
      for (let at = 0; at + 1 < values.length; at += 2) {
        const number = Number(values[at]);
        const isOwn = number < 0;
        const triple: unknown = [e, attrs[isOwn ? -1 - number : number], values[at + 1], isOwn ? values[at + 2] : t];
        if (isTriple(triple)) triples.push(triple);
        if (isOwn) at += 1;
      }
    }
  } catch {
    // Keeps what was read before.
  }
  return triples;
}
