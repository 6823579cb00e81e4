// Fills an empty store with many triples, in steps.

import type { RowChange } from '../../db/change-set.ts';
import type { Store } from '../../db/store.ts';
import type { Triple } from '../../protocol/triple.ts';
import { sliceItems } from '../slices.ts';

/** A generator: yields where others can be served. */
export function* fillSteps(store: Store, triples: readonly Triple[]): Generator<void, void> {
  const ingestion = store.ingestion();
  for (let at = 0; at < triples.length; at += sliceItems) {
    ingestion.add(triples.slice(at, at + sliceItems));
    yield;
  }
  const { attrs } = store;
  for (const [etype, rows] of ingestion.tables) {
    let changes = new Map<string, RowChange>();
    const put = (): void => void store.commit({ attrs, takeChangeSet: () => new Map([[etype, changes]]) });
    for (const [id, after] of rows) {
      changes.set(id, { before: undefined, after });
      if (changes.size < sliceItems) continue;
      put();
      changes = new Map();
      yield;
    }
    put();
  }
}
