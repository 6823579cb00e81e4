// `useUndo(db)`: undo and redo. A separate hook instead of a method of the database, so that apps without undo do not bundle it.

import { useMemo } from 'react';
import { undoHistory, type UndoHistory, type UndoState } from 'triplane';
import type { ExternalStore } from './external-store.ts';
import type { AnyCore } from './types.ts';
import { useExternalStore } from './use-external-store.ts';

export interface Undo extends UndoState, Pick<UndoHistory, 'transact' | 'undo' | 'redo'> {}

const onServer: UndoState = { canUndo: false, canRedo: false };

/**
 * Returns an undo history. Components that use the same name share one history.
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
