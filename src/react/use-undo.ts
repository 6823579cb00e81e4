// Undo and redo in components: `useUndo(db)`. A hook of its own rather than one of the database's, so that apps without it do not carry it.

import { useMemo } from 'react';
import { undoHistory, type UndoHistory, type UndoState } from 'triplane';

import type { AnyCore } from './types.ts';
import type { ExternalStore } from './external-store.ts';
import { useExternalStore } from './use-external-store.ts';

export interface Undo extends UndoState, Pick<UndoHistory, 'transact' | 'undo' | 'redo'> {}

const onServer: UndoState = { canUndo: false, canRedo: false };

/**
 * Writes through it can be undone: by all components that use the same name, one history.
 *
 * @example
 * const { transact, undo, redo, canUndo } = useUndo(db);
 * transact(db.tx.todos[todoId].update({ done: true }));
 */
export function useUndo({ core }: { readonly core: AnyCore }, name?: string): Undo {
  const { store, calls } = useMemo(() => parts(undoHistory(core, name)), [core, name]);
  const state = useExternalStore(store);
  return useMemo(() => ({ ...state, ...calls }), [state, calls]);
}

function parts(history: UndoHistory): { store: ExternalStore<UndoState>; calls: Pick<Undo, 'transact' | 'undo' | 'redo'> } {
  return {
    store: { subscribe: (changed) => history.subscribe(changed), read: () => history.read(), readOnServer: () => onServer },
    calls: {
      transact: (chunks) => history.transact(chunks),
      undo: () => history.undo(),
      redo: () => history.redo(),
    },
  };
}
