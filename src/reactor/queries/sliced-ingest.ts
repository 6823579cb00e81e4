// Ingests a large result in time slices before it is applied: builds the rows, the difference from the current result and the new view beside
// the current one. Applying it is then fast. If the view's base has changed meanwhile, the work is discarded.

import { Layer } from '../../db/layer.ts';
import type { RowChange } from '../../db/change-set.ts';
import type { Row } from '../../db/row.ts';
import { sameRow } from '../../db/row.ts';
import type { Store } from '../../db/store.ts';
import type { TimeSlicer } from '../../lib/yielding.ts';
import type { TripleResult } from '../../protocol/query-result.ts';
import type { Triple } from '../../protocol/triple.ts';
import { type ResultInfo, LiveResult } from '../../query/live-result.ts';
import type { IngestedResult } from './view-input.ts';
import { sortSliced } from '../../lib/sort-sliced.ts';
import type { View } from './view.ts';

/** Progress in arbitrary units. */
export type OnProgress = (done: number, total: number) => void;

interface Ingest {
  readonly view: View;
  readonly breath: TimeSlicer;
  /** A part of one of its two halves is done. Yields to other work between slices. Rejects as `unwanted`. */
  readonly step: (share: number) => Promise<void>;
}

type Tables = ReadonlyMap<string, ReadonlyMap<string, Row>>;

const cancelled = new Error('It is of no use any more');

/** Undefined if it is no longer of use. */
export async function slicedIngest(
  view: View,
  { triples, pageInfo, aggregate }: TripleResult & { readonly triples: readonly Triple[] },
  slicer: TimeSlicer,
  isRelevant: () => boolean,
  onProgress?: OnProgress,
): Promise<IngestedResult | undefined> {
  const { baseVersion } = view;
  const total = triples.length * 2;
  let done = 0;
  const step = async (share: number): Promise<void> => {
    done += share * triples.length;
    if (!slicer.shouldYield) return;
    onProgress?.(Math.min(total, Math.round(done)), total);
    await slicer.yieldToMain();
    if (!isRelevant() || view.baseVersion !== baseVersion) throw cancelled;
  };
  const ingest: Ingest = { view, breath: slicer, step };
  const info = { isFromServer: true, pageInfo, aggregate };
  try {
    const tables = await rowsOf(triples, ingest);
    if (isEmpty(view.baseStore))
      return { baseVersion, info, changes: new Layer(view.baseStore), fresh: await buildStore(tables, info, ingest) };
    return { baseVersion, info, changes: await diffRows(tables, ingest) };
  } catch (error) {
    if (error === cancelled) return undefined;
    throw error;
  }
}

async function rowsOf(triples: readonly Triple[], { view, breath: { batchSize: atOnce }, step }: Ingest): Promise<Tables> {
  const ingestion = view.baseStore.ingestion();
  for (let at = 0; at < triples.length; at += atOnce) {
    const batch = triples.slice(at, at + atOnce);
    ingestion.add(batch);
    await step(batch.length / triples.length);
  }
  return ingestion.tables;
}

/** Ingests into a separate store and live result. Referenced entities come first, then rows in order, so that each row is inserted once. */
async function buildStore(
  tables: Tables,
  info: ResultInfo,
  { view, breath: slicer, step }: Ingest,
): Promise<NonNullable<IngestedResult['fresh']>> {
  const { compiled } = view;
  const { batchSize: atOnce } = slicer;
  const store = view.newStore();
  const changeSet = new Map<string, Map<string, RowChange>>();
  const total = countOf(tables);
  const put = async (etype: string, rows: readonly Row[], live?: LiveResult): Promise<void> => {
    const changes = new Map<string, RowChange>();
    changeSet.set(etype, changes);
    for (let at = 0; at < rows.length; at += atOnce) {
      const layer = new Layer(store);
      const batch = rows.slice(at, at + atOnce);
      for (const row of batch) layer.put(etype, row.id, row);
      const part = store.commit(layer);
      for (const [id, change] of part.get(etype) ?? []) changes.set(id, change);
      live?.update(part, store);
      await step(batch.length / total);
    }
  };
  const roots = new Map(compiled.nodes.map((node) => [node.etype, node]));
  for (const [etype, rows] of tables) if (!roots.has(etype)) await put(etype, [...rows.values()]);
  const live = new LiveResult(compiled, store, info);
  for (const [etype, { order }] of roots) {
    const rows = [...(tables.get(etype)?.values() ?? [])];
    await put(etype, await sortSliced(rows, order.compare, slicer), live);
  }
  return { store, live, changeSet };
}

/** The difference. */
async function diffRows(tables: Tables, { view: { baseStore }, breath: slicer, step }: Ingest): Promise<Layer> {
  const changes = new Layer(baseStore);
  const total = countOf(tables);
  let count = 0;
  for (const [etype, rows] of tables) {
    const namespace = baseStore.attrs.namespace(etype);
    for (const [id, row] of rows) {
      const current = baseStore.row(etype, id);
      if (!current || !sameRow(current, row, namespace)) changes.put(etype, id, row);
      if (++count % slicer.batchSize === 0) await step(slicer.batchSize / total);
    }
  }
  for (const etype of baseStore.etypes()) {
    const rows = tables.get(etype);
    for (const { id } of baseStore.rows(etype)) {
      if (!rows?.has(id)) changes.put(etype, id, undefined);
      if (slicer.shouldYield) await step(0);
    }
  }
  return changes;
}

function countOf(tables: Tables): number {
  return [...tables.values()].reduce((sum, rows) => sum + rows.size, 0);
}

function isEmpty(store: Store): boolean {
  for (const etype of store.etypes()) if (store.size(etype) > 0) return false;
  return true;
}
