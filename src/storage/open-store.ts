// Opens the durable store of this platform. If there is none or it does not open (private windows, sandboxed frames, an unresponsive
// browser), falls back to an in-memory store and logs a warning: writes are then lost when the page closes.

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { withTimeout } from '../lib/timeout.ts';
import { indexedDbStore } from './indexed-db.ts';
import type { KeyValue } from './key-value.ts';
import { memoryStore } from './memory.ts';

const openMs = 5_000;

/** Calls wait until the store is open. */
export function openStore(name: string, log: Log, clock: Clock = systemClock): KeyValue {
  const opening = indexedDbOrMemory(name, log, clock);
  return {
    get: async (key) => (await opening).get(key),
    list: async (prefix) => (await opening).list(prefix),
    write: async (ops) => (await opening).write(ops),
    close: async () => (await opening).close(),
  };
}

async function indexedDbOrMemory(name: string, log: Log, clock: Clock): Promise<KeyValue> {
  const store = indexedDbStore(name);
  const timeoutError = (): TriplaneError => new TriplaneError('timeout', `IndexedDB did not open within ${openMs} ms`);
  try {
    await withTimeout(store.get(''), clock, openMs, timeoutError);
    return store;
  } catch (error) {
    void store.close();
    log.warn(`Storage '${name}' is in memory only: writes that are not sent before the page closes are lost`, error);
    return memoryStore();
  }
}
