// Asking while anybody looks and a little longer: what leaves the page in one moment and is back in the next (StrictMode, a change of route)
// is not asked for again.

import type { Source } from './source.ts';

/** How long what nobody looks at is kept up to date. */
export const lingerMs = 5_000;

export interface Lingering {
  readonly subscribe: Source<unknown>['subscribe'];
  /** Unless somebody looks before that, it is `gone` after a while. */
  readonly leave: () => void;
}

export function lingering(begin: Source<unknown>['subscribe'], gone = (): void => {}): Lingering {
  const lookers = new Set<() => void>();
  let end: (() => void) | undefined;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  const leave = (): void => {
    clearTimeout(leaving);
    leaving = setTimeout(() => {
      if (lookers.size > 0) return;
      end?.();
      end = undefined;
      gone();
    }, lingerMs);
  };
  const subscribe = (changed: () => void): (() => void) => {
    lookers.add(changed);
    end ??= begin(() => {
      for (const looker of [...lookers]) looker();
    });
    return () => {
      lookers.delete(changed);
      leave();
    };
  };
  return { subscribe, leave };
}
