// Drawing what a source holds: all of it, or a part. A component is drawn again when what it reads is another, and only then.

import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

import { keep } from '../lib/keep.ts';
import type { Source } from './source.ts';

export function useSource<T>(source: Source<T>): T {
  return useSyncExternalStore(source.subscribe, source.read, source.readOnServer);
}

/**
 * A part: `select` may be another function each time, and make a new object each time. What `merge` says is the same as what was drawn is not
 * drawn again.
 */
export function useSelected<T, Part>(source: Source<T>, select: (value: T) => Part, merge: (drawn: Part, part: Part) => Part = keep): Part {
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
    return [() => pick(source.read()), () => pick(source.readOnServer())] as const;
  }, [source, select, merge]);
  const part = useSyncExternalStore(source.subscribe, read, readOnServer);
  useEffect(() => void (drawn.current = { part }), [part]);
  return part;
}
