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
  const rendered = useRef<Shown<T, Part> | undefined>(undefined);
  const [read, readOnServer] = useMemo(() => {
    let last: { readonly of: T; readonly shown: Shown<T, Part> } | undefined;
    const pick = (of: T): Shown<T, Part> => {
      if (last && Object.is(last.of, of)) return last.shown;
      const before = last?.shown ?? (rendered.current?.store === store ? rendered.current : undefined);
      const selected = select(of);
      const part = before ? merge(before.part, selected) : selected;
      const shown = before && Object.is(before.part, part) ? before : { store, part };
      last = { of, shown };
      return shown;
    };
    return [() => pick(store.read()), () => pick(store.readOnServer())] as const;
  }, [store, select, merge]);
  const shown = useSyncExternalStore(store.subscribe, read, readOnServer);
  useEffect(() => void (rendered.current = shown), [shown]);
  return shown.part;
}

/** Differs for every store: React does not subscribe to another store if it finds the value unchanged. */
interface Shown<T, Part> {
  readonly store: ExternalStore<T>;
  readonly part: Part;
}
