// A big answer, read in slices before its turn comes: made into rows, held against what is there, and built up as what will be shown, all
// beside the view that it is for. Taking it over is then a moment's work. If the view has another ground by then, it was in vain.

import { Layer } from '../db/layer.ts';
import type { RowChange } from '../db/report.ts';
import { type Row, sameRow } from '../db/row.ts';
import type { Store } from '../db/store.ts';
import type { Breath } from '../lib/breath.ts';
import type { QueryAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import { type AnswerInfo, LiveResult } from '../query/run.ts';
import type { Ground, ReadAhead } from './ahead.ts';
import { sortedInSlices } from './sorted-in-slices.ts';
import type { View } from './view.ts';

/** How far it has come. What is counted means nothing by itself. */
export type Told = (done: number, total: number) => void;

interface Reading {
  readonly view: View;
  readonly ground: Ground;
  readonly breath: Breath;
  /** Whether it is still wanted. */
  readonly isWanted: () => boolean;
  /** A part of one of its two halves is done. */
  readonly advance: (share: number) => void;
  readonly tell: () => void;
}

type Tables = ReadonlyMap<string, ReadonlyMap<string, Row>>;

/** Undefined if it is of no use any more. */
export async function readAhead(
  view: View,
  { triples, pageInfo, aggregate }: QueryAnswer & { readonly triples: readonly Triple[] },
  { breath, isWanted, told }: { readonly breath: Breath; readonly isWanted: () => boolean; readonly told: Told },
): Promise<ReadAhead | undefined> {
  const { ground } = view;
  const total = triples.length * 2;
  let done = 0;
  const reading: Reading = {
    view,
    ground,
    breath,
    isWanted: () => isWanted() && view.ground === ground,
    advance: (share) => void (done += share * triples.length),
    tell: () => told(Math.min(total, Math.round(done)), total),
  };
  const tables = await rowsOf(triples, reading);
  const info = { pageInfo, aggregate };
  const changes = new Layer(view.answered);
  if (!tables) return undefined;
  if (isEmpty(view.answered)) {
    const fresh = await builtUp(tables, info, reading);
    return fresh && { ground, info, changes, fresh };
  }
  return (await compared(tables, changes, reading)) ? { ground, info, changes } : undefined;
}

async function rowsOf(triples: readonly Triple[], reading: Reading): Promise<Tables | undefined> {
  const ingestion = reading.view.answered.ingestion();
  for (let at = 0; at < triples.length; at += reading.breath.atOnce) {
    const some = triples.slice(at, at + reading.breath.atOnce);
    ingestion.take(some);
    if (!(await goesOn(reading, some.length / triples.length))) return undefined;
  }
  return ingestion.tables;
}

/** Into a store of its own and what is shown of it. What others hang from comes last, in the order shown: so each row is put in once. */
async function builtUp(tables: Tables, info: AnswerInfo, reading: Reading): Promise<ReadAhead['fresh'] | undefined> {
  const { compiled } = reading.view;
  const building: Building = { store: reading.view.newStore(), report: new Map(), total: countOf(tables) };
  const roots = new Map(compiled.forms.map((form) => [form.etype, form]));
  for (const [etype, rows] of tables) {
    if (!roots.has(etype) && !(await put(etype, [...rows.values()], building, reading))) return undefined;
  }
  const live = new LiveResult(compiled, building.store, info);
  for (const [etype, { order }] of roots) {
    const rows = await sortedInSlices([...(tables.get(etype)?.values() ?? [])], order.compare, reading.breath);
    if (!(await put(etype, rows, building, reading, live))) return undefined;
  }
  return { store: building.store, live, report: building.report };
}

interface Building {
  readonly store: Store;
  readonly report: Map<string, Map<string, RowChange>>;
  /** Rows. */
  readonly total: number;
}

async function put(etype: string, rows: readonly Row[], building: Building, reading: Reading, live?: LiveResult): Promise<boolean> {
  const { store, report, total } = building;
  const changes = new Map<string, RowChange>();
  report.set(etype, changes);
  for (let at = 0; at < rows.length; at += reading.breath.atOnce) {
    const layer = new Layer(store);
    const some = rows.slice(at, at + reading.breath.atOnce);
    for (const row of some) layer.put(etype, row.id, row);
    const part = store.commit(layer);
    for (const [id, change] of part.get(etype) ?? []) changes.set(id, change);
    live?.update(part, store);
    if (!(await goesOn(reading, some.length / total))) return false;
  }
  return true;
}

/** What is different goes into the layer. */
async function compared(tables: Tables, changes: Layer, reading: Reading): Promise<boolean> {
  const { answered } = reading.view;
  const total = countOf(tables);
  const { atOnce } = reading.breath;
  let count = 0;
  const pause = (): Promise<boolean> | true => ++count % atOnce !== 0 || goesOn(reading, atOnce / total);
  for (const [etype, rows] of tables) {
    const namespace = answered.attrs.namespace(etype);
    for (const [id, row] of rows) {
      const held = answered.row(etype, id);
      if (!held || !sameRow(held, row, namespace)) changes.put(etype, id, row);
      const going = pause();
      if (going !== true && !(await going)) return false;
    }
  }
  for (const etype of answered.etypes()) {
    const rows = tables.get(etype);
    for (const { id } of answered.rows(etype)) {
      if (!rows?.has(id)) changes.put(etype, id, undefined);
      if (reading.breath.isDue && !(await goesOn(reading, 0))) return false;
    }
  }
  return true;
}

/** After a slice others have their turn. False if it is not wanted any more. */
async function goesOn({ breath, isWanted, advance, tell }: Reading, share: number): Promise<boolean> {
  advance(share);
  if (!breath.isDue) return true;
  tell();
  await breath.take();
  return isWanted();
}

function countOf(tables: Tables): number {
  return [...tables.values()].reduce((sum, rows) => sum + rows.size, 0);
}

function isEmpty(store: Store): boolean {
  for (const etype of store.etypes()) if (store.size(etype) > 0) return false;
  return true;
}
