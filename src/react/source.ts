// Something that can be read at any moment and tells when it changes, as `useSyncExternalStore` wants it. What is read is the same object
// while nothing in it changed. Nothing is kept here but the last reading: the truth is in the database.

import type { AnyCore } from './core.ts';

export interface Source<T> {
  readonly subscribe: (changed: () => void) => () => void;
  readonly read: () => T;
  /** Where there is no browser, and while its page is taken over. */
  readonly readOnServer: () => T;
}

/** Of something raw, made into what components see; made once for as long as the raw thing is the same. */
export function derived<Raw, T>(
  subscribe: Source<T>['subscribe'],
  readRaw: () => Raw,
  make: (raw: Raw, before: T | undefined) => T,
  onServer: T,
): Source<T> {
  let last: { readonly raw: Raw; readonly value: T } | undefined;
  const read = (): T => {
    const raw = readRaw();
    if (!last || !Object.is(last.raw, raw)) last = { raw, value: make(raw, last?.value) };
    return last.value;
  };
  return { subscribe, read, readOnServer: () => onServer };
}

/** Hears of one kind of news from the database. */
export function newsOf(core: AnyCore, news: 'auth' | 'status' | 'appStatus'): Source<unknown>['subscribe'] {
  const { events } = core._reactor;
  return (changed) => {
    const listener = (): void => changed();
    events.on(news, listener);
    return () => void events.off(news, listener);
  };
}
