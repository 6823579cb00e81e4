// A KeyValue over a store as programs for InstantDB's client bring one: a class with items, made once per app.

import { TriplaneError } from '../errors.ts';
import type { StoreInterfaceClass } from '../types/stores.ts';
import { copyEdits, type KeyValue } from './key-value.ts';

export function storeOfClass(Store: StoreInterfaceClass, appId: string): KeyValue {
  const store = new Store(appId, 'kv');
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw new TriplaneError('storage-failed', 'The store that was handed to init failed', { cause });
    }
  };
  return {
    get: (key) => attempt(async (): Promise<unknown> => (await store.getItem(key)) ?? undefined),
    list: (prefix) =>
      attempt(async () => {
        const keys = (await store.getAllKeys()).filter((key) => key.startsWith(prefix)).sort();
        return Promise.all(keys.map(async (key): Promise<[string, unknown]> => [key, await store.getItem(key)]));
      }),
    write: (edits) =>
      attempt(async () => {
        const puts = new Map<string, unknown>();
        const removed = new Set<string>();
        for (const edit of copyEdits(edits)) {
          const key = 'put' in edit ? edit.put : edit.remove;
          puts.delete(key);
          removed.delete(key);
          if ('put' in edit) puts.set(key, edit.value);
          else removed.add(key);
        }
        if (puts.size > 0) await store.multiSet([...puts]);
        for (const key of removed) await store.removeItem(key);
      }),
    close: () => {},
  };
}
