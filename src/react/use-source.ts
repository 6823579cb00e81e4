// Drawing what a source holds: all of it, or a part. A component is drawn again when what it reads is another, and only then.

import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

import type { Source } from './source.ts';

export function useSource<T>(source: Source<T>): T {
  return useSyncExternalStore(source.subscribe, source.read, source.readOnServer);
}

/** A part: `select` may be another function each time, and make a new object each time; what is equal is not drawn again. */
export function useSelected<T, Part>(source: Source<T>, select: (value: T) => Part, isEqual: (a: Part, b: Part) => boolean): Part {
  const drawn = useRef<{ readonly part: Part } | undefined>(undefined);
  const [read, readOnServer] = useMemo(() => {
    let last: { readonly of: T; readonly part: Part } | undefined;
    const pick = (of: T): Part => {
      if (last && Object.is(last.of, of)) return last.part;
      const before = last ?? drawn.current;
      const part = select(of);
      last = { of, part: before && isEqual(before.part, part) ? before.part : part };
      return last.part;
    };
    return [() => pick(source.read()), () => pick(source.readOnServer())] as const;
  }, [source, select, isEqual]);
  const part = useSyncExternalStore(source.subscribe, read, readOnServer);
  useEffect(() => void (drawn.current = { part }), [part]);
  return part;
}
