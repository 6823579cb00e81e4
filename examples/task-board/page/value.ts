// A value shared by components, for state that belongs to the page and not to the database.

import { useSyncExternalStore } from 'react';

export interface Value<T> {
  read(): T;
  set(value: T): void;
  use(): T;
}

export function newValue<T>(initial: T): Value<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  const read = (): T => value;
  const subscribe = (changed: () => void): (() => void) => {
    listeners.add(changed);
    return () => void listeners.delete(changed);
  };
  const set = (next: T): void => {
    value = next;
    for (const changed of [...listeners]) changed();
  };
  return { read, set, use: () => useSyncExternalStore(subscribe, read) };
}
