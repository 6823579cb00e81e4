// Hooks that render the value of an external store, or a part of it. A component re-renders only if the value it reads changes.

import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { structuralShare } from '../lib/equal.ts';
import type { ExternalStore } from './external-store.ts';

export function useExternalStore<T>(store: ExternalStore<T>): T {
  return useSyncExternalStore(store.subscribe, store.read, store.readOnServer);
}

/** The store as one component reads it. */
export function useOwnReader<T>(store: ExternalStore<T> & { readonly reader: () => () => T }): ExternalStore<T> {
  return useMemo(() => ({ subscribe: store.subscribe, read: store.reader(), readOnServer: store.readOnServer }), [store]);
}

/**
 * Renders the part that `select` returns. `select` may be a new function and return a new object on each render; `merge` returns the
 * previous object if nothing changed.
 */
export function useStoreSelector<T, Part>(
  store: ExternalStore<T>,
  select: (value: T) => Part,
  merge: (rendered: Part, part: Part) => Part = structuralShare,
): Part {
  const renderedPart = useRef<{ readonly part: Part } | undefined>(undefined);
  const [read, readOnServer] = useMemo(() => {
    let last: { readonly of: T; readonly part: Part } | undefined;
    const pick = (of: T): Part => {
      if (last && Object.is(last.of, of)) return last.part;
      const before = last ?? renderedPart.current;
      const part = select(of);
      last = { of, part: before ? merge(before.part, part) : part };
      return last.part;
    };
    return [() => pick(store.read()), () => pick(store.readOnServer())] as const;
  }, [store, select, merge]);
  const part = useSyncExternalStore(store.subscribe, read, readOnServer);
  useEffect(() => void (renderedPart.current = { part }), [part]);
  return part;
}
