// Triples that came and went, put to the rows of a store: what a difference between two answers does. For stores that keep
// no times but those of entities, as a client's do.

import type { Removed } from '../protocol/query-messages.ts';
import type { Triple, Value } from '../protocol/triple.ts';
import type { KnownAttr } from './attrs.ts';
import { asDate } from './ingest.ts';
import { Layer } from './layer.ts';
import { addLink, removeLink } from './links.ts';
import type { Report } from './report.ts';
import { Row } from './row.ts';
import type { Store } from './store.ts';

export interface TriplePatch {
  readonly removed: readonly Removed[];
  readonly added: readonly Triple[];
}

/** What cannot be placed, of an attr nobody knows, is left out, as `Store.replace` leaves it out. */
export function patch(store: Store, { removed, added }: TriplePatch, options: { readonly useDates?: boolean } = {}): Report {
  const layer = new Layer(store);
  const { attrs } = store;
  for (const [e, a, v] of removed) {
    const attr = attrs.byId(a);
    const row = attr && layer.row(attr.etype, e);
    if (!attr || !row) continue;
    set(layer, attr, row, attr.isRef && v !== undefined ? removeLink(row.links(attr), v) : undefined, row.t);
  }
  for (const [e, a, v, t] of added) {
    const attr = attrs.byId(a);
    if (!attr) continue;
    const row = layer.row(attr.etype, e) ?? new Row(e, 0, []);
    const isId = attr === attrs.idAttr(attr.etype);
    if (!attr.isRef) {
      const value = options.useDates && attr.checkedType === 'date' ? asDate(v) : v;
      set(layer, attr, row, isId ? e : value, isId ? t : row.t);
    } else if (typeof v === 'string') set(layer, attr, row, addLink(row.links(attr), v), row.t);
  }
  return store.commit(layer);
}

function set(layer: Layer, attr: KnownAttr, row: Row, value: Value, t: number): void {
  const values = row.values.slice();
  while (values.length < attr.slot) values.push(undefined);
  values[attr.slot] = value;
  const next = new Row(row.id, t, values);
  layer.put(attr.etype, row.id, next.isEmpty() ? undefined : next);
}
