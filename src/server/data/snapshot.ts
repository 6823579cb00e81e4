// The data as of one moment, for readers that take longer than that moment: rows are copied before they change.

import type { ChangeSet, RowChange } from '../../db/change-set.ts';
import type { Db } from '../../db/db.ts';
import { Layer } from '../../db/layer.ts';
import type { Store } from '../../db/store.ts';

export class DataSnapshot {
  readonly txId: number;
  readonly store: Store;
  readonly #layer: Layer;
  readonly #changed = new Map<string, Set<string>>();

  constructor(store: Store, txId: number) {
    this.store = store;
    this.txId = txId;
    this.#layer = new Layer(store);
    this.#layer.setAttrs(store.attrs);
  }

  get db(): Db {
    return this.#layer;
  }

  /** Call before the store changes, or right after. */
  keep(changeSet: ChangeSet): void {
    for (const [etype, changes] of changeSet) {
      let ids = this.#changed.get(etype);
      if (!ids) this.#changed.set(etype, (ids = new Set()));
      for (const [id, { before }] of changes) {
        if (ids.has(id)) continue;
        ids.add(id);
        this.#layer.put(etype, id, before);
      }
    }
    this.#layer.forgetChanges();
  }

  /** Advances from that moment to now. */
  changesSince(): ChangeSet {
    const changeSet = new Map<string, Map<string, RowChange>>();
    for (const [etype, ids] of this.#changed) {
      const changes = new Map<string, RowChange>();
      for (const id of ids) {
        const before = this.#layer.row(etype, id);
        const after = this.store.row(etype, id);
        if (before !== after) changes.set(id, { before, after });
      }
      if (changes.size > 0) changeSet.set(etype, changes);
    }
    return changeSet;
  }
}
