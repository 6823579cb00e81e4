// The durable store of this platform. Where there is none, or it cannot be opened (private windows, sandboxed frames,
// a browser that never answers), one in memory, and a warning: writes then do not outlive the page.

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock, type Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { indexedDbStore } from './indexed-db.ts';
import type { KeyValue } from './key-value.ts';
import { memoryStore } from './memory.ts';

const openMs = 5_000;

export async function openStore(name: string, log: Log, clock: Clock = systemClock): Promise<KeyValue> {
  const store = indexedDbStore(name);
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(new TriplaneError('timeout', `IndexedDB did not open within ${openMs} ms`)), openMs);
  });
  try {
    await Promise.race([store.get(''), late]);
    return store;
  } catch (error) {
    void store.close();
    log.warn(`Storage '${name}' is in memory only: what is not sent before the page closes is lost`, error);
    return memoryStore();
  } finally {
    clock.clearTimeout(timer);
  }
}
