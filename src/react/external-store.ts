// External stores for `useSyncExternalStore`: a value that can be read at any time and that announces changes. The value keeps its identity
// while nothing in it changes. Only the last value is stored; the database is the source of truth.

import { structuralShare } from '../lib/equal.ts';
import { internals } from '../lib/internals.ts';
import type { AnyCore } from './types.ts';

export interface ExternalStore<T> {
  readonly subscribe: (changed: () => void) => () => void;
  readonly read: () => T;
  /** The value during server-side rendering and hydration. */
  readonly readOnServer: () => T;
}

/** A store derived from another value, which is unknown on the server. Equal parts of the derived value keep their identity. */
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

/** Subscribes to one kind of database event. */
export function eventSubscriber(core: AnyCore, eventName: 'auth' | 'status' | 'appStatus'): ExternalStore<unknown>['subscribe'] {
  const { events } = core[internals].reactor;
  return (changed) => {
    events.on(eventName, changed);
    return () => void events.off(eventName, changed);
  };
}
