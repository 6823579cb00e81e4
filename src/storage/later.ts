// A store that is still being opened: whatever is asked of it waits until it is.

import type { KeyValue } from './key-value.ts';

export function storeLater(opening: Promise<KeyValue>): KeyValue {
  // Told to whoever asks.
  opening.catch(() => {});
  return {
    get: async (key) => (await opening).get(key),
    list: async (prefix) => (await opening).list(prefix),
    write: async (edits) => (await opening).write(edits),
    // One that never came has nothing to close.
    close: () =>
      opening.then(
        (store) => store.close(),
        () => {},
      ),
  };
}
