// A KeyValue that lives as long as the page: for tests, for servers, and where there is nothing better.

import { copyEdits, type KeyValue, storageClosed } from './key-value.ts';

export function memoryStore(): KeyValue {
  const values = new Map<string, unknown>();
  let isClosed = false;
  const unlessClosed = (): void => {
    if (isClosed) throw storageClosed();
  };
  return {
    async get(key) {
      unlessClosed();
      return structuredClone(values.get(key));
    },
    async list(prefix) {
      unlessClosed();
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys.map((key) => [key, structuredClone(values.get(key))]);
    },
    async write(edits) {
      unlessClosed();
      for (const edit of copyEdits(edits)) {
        if ('put' in edit) values.set(edit.put, edit.value);
        else values.delete(edit.remove);
      }
    },
    close() {
      isClosed = true;
    },
  };
}
