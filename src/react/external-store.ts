// Something that can be read at any moment and tells when it changes, as `useSyncExternalStore` wants it. What is read is the same object
// while nothing in it changed. Nothing is kept here but the last reading: the truth is in the database.

import { structuralShare } from '../lib/equal.ts';
import type { AnyCore } from './types.ts';

export interface ExternalStore<T> {
  readonly subscribe: (changed: () => void) => () => void;
  readonly read: () => T;
  /** Where there is no browser, and while its page is taken over. */
  readonly readOnServer: () => T;
}

/** Made of something else, which is not known on a server: what of it is equal to what it was before stays the same object. */
export function derivedStore<Raw, T>(
  subscribe: ExternalStore<T>['subscribe'],
  readRaw: () => Raw,
  make: (raw: Raw | undefined) => T,
): ExternalStore<T> {
  const onServer = make(undefined);
  let raw: Raw | undefined;
  let value = onServer;
  const read = (): T => {
    const now = readRaw();
    if (!Object.is(now, raw)) value = structuralShare(value, make((raw = now)));
    return value;
  };
  return { subscribe, read, readOnServer: () => onServer };
}

/** Hears of one kind of news from the database. */
export function eventSubscriber(core: AnyCore, eventName: 'auth' | 'status' | 'appStatus'): ExternalStore<unknown>['subscribe'] {
  const { events } = core._reactor;
  return (changed) => {
    events.on(eventName, changed);
    return () => void events.off(eventName, changed);
  };
}
