// Applies added and removed triples to a store: the delta between two results. For stores that record only the creation time of entities,
// as a client's do.

import type { Removed } from '../protocol/query-messages.ts';
import type { Triple } from '../protocol/triple.ts';
import type { ChangeSet } from './change-set.ts';
import { asStored } from './ingest.ts';
import { Layer } from './layer.ts';
import { addLink, removeLink } from './links.ts';
import type { Store } from './store.ts';

export interface TriplePatch {
  readonly removed: readonly Removed[];
  readonly added: readonly Triple[];
}

/** Applies the delta and returns the changed rows. Triples of unknown attrs are skipped, as `Store.replace` does. */
export function patch(store: Store, { removed, added }: TriplePatch, options: { readonly useDates?: boolean } = {}): ChangeSet {
  const layer = new Layer(store);
  const { attrs } = store;
  for (const [e, a, v] of removed) {
    const attr = attrs.byId(a);
    const row = attr && layer.row(attr.etype, e);
    if (row) layer.set(attr, e, row, attr.isRef && v !== undefined ? removeLink(row.links(attr), v) : undefined, row.t);
  }
  for (const [e, a, v, t] of added) {
    const attr = attrs.byId(a);
    if (!attr || (attr.isRef && typeof v !== 'string')) continue;
    const row = layer.row(attr.etype, e);
    const isId = attr === attrs.idAttr(attr.etype);
    const value = attr.isRef ? addLink(row?.links(attr), v as string) : isId ? e : asStored(v, attr, options.useDates);
    layer.set(attr, e, row, value, isId ? t : (row?.t ?? 0));
  }
  return store.commit(layer);
}
