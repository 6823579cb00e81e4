// A big answer, read in slices before its turn comes: made into rows, held against what is there, and built up as what will be shown, all
// beside the view that it is for. Taking it over is then a moment's work. If the view has another ground by then, it was in vain.

import { Layer } from '../db/layer.ts';
import type { RowChange } from '../db/report.ts';
import type { Row } from '../db/row.ts';
import { sameRow } from '../db/same-row.ts';
import type { Store } from '../db/store.ts';
import type { Breath } from '../lib/breath.ts';
import type { QueryAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import { type AnswerInfo, LiveResult } from '../query/run.ts';
import type { ReadAhead } from './ahead.ts';
import { sortedInSlices } from './sorted-in-slices.ts';
import type { View } from './view.ts';

/** How far it has come. What is counted means nothing by itself. */
export type Told = (done: number, total: number) => void;

interface Reading {
  readonly view: View;
  readonly breath: Breath;
  /** A part of one of its two halves is done. After a slice others have their turn. Rejects as `unwanted`. */
  readonly step: (share: number) => Promise<void>;
}

type Tables = ReadonlyMap<string, ReadonlyMap<string, Row>>;

const unwanted = new Error('It is of no use any more');

/** Undefined if it is of no use any more. */
export async function readAhead(
  view: View,
  { triples, pageInfo, aggregate }: QueryAnswer & { readonly triples: readonly Triple[] },
  breath: Breath,
  isWanted: () => boolean,
  told?: Told,
): Promise<ReadAhead | undefined> {
  const { ground } = view;
  const total = triples.length * 2;
  let done = 0;
  const step = async (share: number): Promise<void> => {
    done += share * triples.length;
    if (!breath.isDue) return;
    told?.(Math.min(total, Math.round(done)), total);
    await breath.take();
    if (!isWanted() || view.ground !== ground) throw unwanted;
  };
  const reading: Reading = { view, breath, step };
  const info = { pageInfo, aggregate };
  try {
    const tables = await rowsOf(triples, reading);
    if (isEmpty(view.answered)) return { ground, info, changes: new Layer(view.answered), fresh: await builtUp(tables, info, reading) };
    return { ground, info, changes: await compared(tables, reading) };
  } catch (error) {
    if (error === unwanted) return undefined;
    throw error;
  }
}

async function rowsOf(triples: readonly Triple[], { view, breath: { atOnce }, step }: Reading): Promise<Tables> {
  const ingestion = view.answered.ingestion();
  for (let at = 0; at < triples.length; at += atOnce) {
    const some = triples.slice(at, at + atOnce);
    ingestion.take(some);
    await step(some.length / triples.length);
  }
  return ingestion.tables;
}

/** Into a store of its own and what is shown of it. What others hang from comes last, in the order shown: so each row is put in once. */
async function builtUp(tables: Tables, info: AnswerInfo, { view, breath, step }: Reading): Promise<NonNullable<ReadAhead['fresh']>> {
  const { compiled } = view;
  const { atOnce } = breath;
  const store = view.newStore();
  const report = new Map<string, Map<string, RowChange>>();
  const total = countOf(tables);
  const put = async (etype: string, rows: readonly Row[], live?: LiveResult): Promise<void> => {
    const changes = new Map<string, RowChange>();
    report.set(etype, changes);
    for (let at = 0; at < rows.length; at += atOnce) {
      const layer = new Layer(store);
      const some = rows.slice(at, at + atOnce);
      for (const row of some) layer.put(etype, row.id, row);
      const part = store.commit(layer);
      for (const [id, change] of part.get(etype) ?? []) changes.set(id, change);
      live?.update(part, store);
      await step(some.length / total);
    }
  };
  const roots = new Map(compiled.forms.map((form) => [form.etype, form]));
  for (const [etype, rows] of tables) if (!roots.has(etype)) await put(etype, [...rows.values()]);
  const live = new LiveResult(compiled, store, info);
  for (const [etype, { order }] of roots) {
    const rows = [...(tables.get(etype)?.values() ?? [])];
    await put(etype, await sortedInSlices(rows, order.compare, breath), live);
  }
  return { store, live, report };
}

/** What is different. */
async function compared(tables: Tables, { view: { answered }, breath, step }: Reading): Promise<Layer> {
  const changes = new Layer(answered);
  const total = countOf(tables);
  let count = 0;
  for (const [etype, rows] of tables) {
    const namespace = answered.attrs.namespace(etype);
    for (const [id, row] of rows) {
      const held = answered.row(etype, id);
      if (!held || !sameRow(held, row, namespace)) changes.put(etype, id, row);
      if (++count % breath.atOnce === 0) await step(breath.atOnce / total);
    }
  }
  for (const etype of answered.etypes()) {
    const rows = tables.get(etype);
    for (const { id } of answered.rows(etype)) {
      if (!rows?.has(id)) changes.put(etype, id, undefined);
      if (breath.isDue) await step(0);
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
