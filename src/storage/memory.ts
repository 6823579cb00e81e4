// An in-memory KeyValue that lives as long as the page: for tests, for servers, and as a fallback.

import { copyOps, type KeyValue, storageClosed } from './key-value.ts';
import { clone } from '../lib/clone.ts';

export function memoryStore(): KeyValue {
  const values = new Map<string, unknown>();
  let isClosed = false;
  const assertOpen = (): void => {
    if (isClosed) throw storageClosed();
  };
  return {
    async get(key) {
      assertOpen();
      return clone(values.get(key));
    },
    async list(prefix) {
      assertOpen();
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys.map((key) => [key, clone(values.get(key))]);
    },
    async write(ops) {
      assertOpen();
      for (const op of copyOps(ops)) {
        if ('put' in op) values.set(op.put, op.value);
        else values.delete(op.remove);
      }
    },
    close() {
      isClosed = true;
    },
  };
}
