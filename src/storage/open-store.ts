// The durable store of this platform. Where there is none, or it cannot be opened (private windows, sandboxed frames,
// a browser that never answers), one in memory, and a warning: writes then do not outlive the page.

// A store that is still being opened: whatever is asked of it waits until it is.

import type { KeyValue } from './key-value.ts';
import type { Log } from '../lib/log.ts';
import { TriplaneError } from '../errors.ts';
import { indexedDbStore } from './indexed-db.ts';
import { memoryStore } from './memory.ts';
import { type Clock, systemClock, type Timer } from '../lib/clock.ts';

const openMs = 5_000;

export async function openStore(name: string, log: Log, clock: Clock = systemClock): Promise<KeyValue> {
  const store = indexedDbStore(name);
  let timer: Timer | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(new TriplaneError('timeout', `IndexedDB did not open within ${openMs} ms`)), openMs);
  });
  try {
    await Promise.race([store.get(''), timedOut]);
    return store;
  } catch (error) {
    void store.close();
    log.warn(`Storage '${name}' is in memory only: what is not sent before the page closes is lost`, error);
    return memoryStore();
  } finally {
    clock.clearTimeout(timer);
  }
}

export function storeLater(opening: Promise<KeyValue>): KeyValue {
  // Told to whoever asks.
  opening.catch(() => {});
  return {
    get: async (key) => (await opening).get(key),
    list: async (prefix) => (await opening).list(prefix),
    write: async (ops) => (await opening).write(ops),
    // One that never came has nothing to close.
    close: () =>
      opening.then(
        (store) => store.close(),
        () => {},
      ),
  };
}
