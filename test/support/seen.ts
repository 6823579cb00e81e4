// What a client sees, where all that it sees is in one store.

import { asStored } from '../../src/db/ingest.ts';
import type { Store } from '../../src/db/store.ts';
import type { ExpandOptions } from '../../src/transact/expand.ts';

export function seenIn(store: Store, useDates = false): NonNullable<ExpandOptions['isVisible']> {
  return (etype, e) => {
    if (typeof e === 'string') return store.row(etype, e) !== undefined;
    const attr = store.attrs.byId(e[0]);
    return attr !== undefined && store.find(attr, asStored(e[1], attr, useDates)) !== undefined;
  };
}
