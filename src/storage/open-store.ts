// The durable store of this platform. Where there is none, or it cannot be opened (private windows, sandboxed frames,
// a browser that never answers), one in memory, and a warning: writes then do not outlive the page.

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { indexedDbStore } from './indexed-db.ts';
import type { KeyValue } from './key-value.ts';
import { memoryStore } from './memory.ts';

const openMs = 5_000;

export async function openStore(name: string, log: Log, clock: Clock = systemClock): Promise<KeyValue> {
  const store = indexedDbStore(name);
  try {
    if (!hasIndexedDb()) throw new TriplaneError('storage-failed', 'This platform has no IndexedDB');
    await within(openMs, store.get(''), clock);
    return store;
  } catch (error) {
    void store.close();
    log.warn(`Storage '${name}' is in memory only: what is not sent before the page closes is lost`, error);
    return memoryStore();
  }
}

/** In a sandboxed frame, even to look may throw. */
function hasIndexedDb(): boolean {
  try {
    return typeof indexedDB === 'object' && indexedDB !== null;
  } catch {
    return false;
  }
}

function within<T>(ms: number, work: Promise<T>, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new TriplaneError('timeout', `IndexedDB did not open within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
