// A store that is still being opened: whatever is asked of it waits until it is.

import type { KeyValue } from './key-value.ts';

export function storeLater(opening: Promise<KeyValue>): KeyValue {
  return {
    get: async (key) => (await opening).get(key),
    list: async (prefix) => (await opening).list(prefix),
    write: async (edits) => (await opening).write(edits),
    close: async () => (await opening).close(),
  };
}
