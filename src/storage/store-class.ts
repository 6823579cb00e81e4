// A KeyValue over a storage class in InstantDB's form: get and set by key, one instance per app.

import { TriplaneError } from '../errors.ts';
import type { StoreInterface, StoreInterfaceClass } from '../types/ports.ts';
import { copyOps, type KeyValue } from './key-value.ts';

export function adaptStoreClass(Store: StoreInterfaceClass, appId: string): KeyValue {
  // Constructed on the first call, so that an exception in the constructor counts as a failing store.
  let store: StoreInterface | undefined;
  const attempt = async <T>(work: (store: StoreInterface) => Promise<T>): Promise<T> => {
    try {
      return await work((store ??= new Store(appId, 'kv')));
    } catch (cause) {
      throw new TriplaneError('storage-failed', 'The Store passed to init failed', { cause });
    }
  };
  return {
    get: (key) => attempt(async (store): Promise<unknown> => (await store.getItem(key)) ?? undefined),
    list: (prefix) =>
      attempt(async (store) => {
        const keys = (await store.getAllKeys()).filter((key) => key.startsWith(prefix)).sort();
        return Promise.all(keys.map(async (key): Promise<[string, unknown]> => [key, await store.getItem(key)]));
      }),
    write: (ops) =>
      attempt(async (store) => {
        const puts = new Map<string, unknown>();
        const removed = new Set<string>();
        for (const op of copyOps(ops)) {
          const key = 'put' in op ? op.put : op.remove;
          puts.delete(key);
          removed.delete(key);
          if ('put' in op) puts.set(key, op.value);
          else removed.add(key);
        }
        if (puts.size > 0) await store.multiSet([...puts]);
        for (const key of removed) await store.removeItem(key);
      }),
    close: () => {},
  };
}
