// Drawing what a source holds: all of it, or a part. A component is drawn again when what it reads is another, and only then.

import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

import { structuralShare } from '../lib/equal.ts';
import type { ExternalStore } from './external-store.ts';

export function useExternalStore<T>(store: ExternalStore<T>): T {
  return useSyncExternalStore(store.subscribe, store.read, store.readOnServer);
}

/**
 * A part: `select` may be another function each time, and make a new object each time. What `merge` says is the same as what was drawn is not
 * drawn again.
 */
export function useStoreSelector<T, Part>(
  store: ExternalStore<T>,
  select: (value: T) => Part,
  merge: (rendered: Part, part: Part) => Part = structuralShare,
): Part {
  const drawn = useRef<{ readonly part: Part } | undefined>(undefined);
  const [read, readOnServer] = useMemo(() => {
    let last: { readonly of: T; readonly part: Part } | undefined;
    const pick = (of: T): Part => {
      if (last && Object.is(last.of, of)) return last.part;
      const before = last ?? drawn.current;
      const part = select(of);
      last = { of, part: before ? merge(before.part, part) : part };
      return last.part;
    };
    return [() => pick(store.read()), () => pick(store.readOnServer())] as const;
  }, [store, select, merge]);
  const part = useSyncExternalStore(store.subscribe, read, readOnServer);
  useEffect(() => void (drawn.current = { part }), [part]);
  return part;
}
