// Finds out, at little cost, whether the official client left data of this app on the device. Only then the chunk that takes it over is loaded.

import { TriplaneError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { readGlobal } from '../lib/global.ts';
import { isObject } from '../lib/json.ts';
import { withTimeout } from '../lib/timeout.ts';
import { type Adopted, type Adoption, adoptionKey } from '../reactor/adoption/adoption.ts';
import type { KeyValue } from '../storage/key-value.ts';
import type { ResolvedConfig } from './config.ts';
import { loadAdoption } from './lazy-features.ts';

/** The start of the client waits no longer: an IndexedDB, or a lock that a frozen tab holds, may never respond. */
const limitMs = 10_000;
/** For so long, a tab that was opened before the move may still store writes with the official client. */
const lateMs = 30 * 86_400_000;

/** The parts of the platform that are used. */
export interface AdoptionPlatform {
  readonly origin?: string;
  readonly indexedDB?: IDBFactory;
  readonly navigator?: { readonly locks?: Pick<LockManager, 'request'> };
}

/** Undefined if nothing is to be taken over. A program that brings its own storage has to ask for it. */
export function adoptionOf(app: ResolvedConfig, store: KeyValue, platform: AdoptionPlatform = globalThis): Adoption | undefined {
  const { appId, clock, queryCacheLimit: maxResults, adopt = !(app.storage ?? app.Store) } = app;
  const indexedDB = readGlobal(() => platform.indexedDB);
  // A frame without an origin has no databases. Asked for them, Chromium also rejects a promise that no program sees.
  if (!adopt || !indexedDB || readGlobal(() => platform.origin) === 'null') return undefined;
  const locks = readGlobal(() => platform.navigator?.locks);
  // Asked while the store opens.
  const found = hasOfficial(indexedDB, appId, clock);
  const adoptNow = async (isLate: boolean): Promise<Adopted | undefined> => {
    const [isThere, record] = await Promise.all([found, store.get(adoptionKey)]);
    const isDue = isLate ? isObject(record) && clock.now() - Number(record['atMs']) < lateMs : record === undefined;
    if (isThere === false || !isDue) return undefined;
    const aborting = new AbortController();
    const taken = loadAdoption().then(({ adopt: take }) =>
      take({ appId, store, indexedDB, locks, isLate, clock, maxResults, signal: aborting.signal }),
    );
    try {
      return await withTimeout(taken, clock, limitMs, timeoutError);
    } catch (error) {
      // A page that may not use IndexedDB has nothing to take over.
      if (isThere === undefined) return undefined;
      throw error;
    } finally {
      aborting.abort();
    }
  };
  return { first: () => adoptNow(false), later: () => adoptNow(true) };
}

/** Undefined if the platform does not tell: then the chunk opens it. */
async function hasOfficial(indexedDB: IDBFactory, appId: string, clock: Clock): Promise<boolean | undefined> {
  try {
    return (await withTimeout(indexedDB.databases(), clock, limitMs, timeoutError)).some(({ name = '' }) =>
      name.startsWith(`instant_${appId}_`),
    );
  } catch {
    return undefined;
  }
}

function timeoutError(): TriplaneError {
  return new TriplaneError(
    'timeout',
    `What the official client left on the device was not read within ${limitMs / 1000} s; the next start tries again`,
  );
}
