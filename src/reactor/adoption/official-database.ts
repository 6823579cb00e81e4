// Reads the IndexedDB of the official client. It has one database per app and version: `instant_<appId>_6`, with the stores `kv` (user, pending
// writes, local ids), `querySubs` (a cached result per query) and `syncSubs`. Version 5 had cached results as one entry of `kv`. The official
// client copies version 5 into 6 in one transaction when it creates 6; where that did not happen, version 5 is read here.
// Nothing is ever written, created or deleted.

import { isObject } from '../../lib/json.ts';

/** More triples in one cached result, and in all, would make the first start slow. */
export const maxTriples = 50_000;
const metaKey = '__meta';

/** What is in the database. Values are unchecked. */
export interface OfficialData {
  readonly kv: ReadonlyMap<string, unknown>;
  /** Cached results, the most recently used first. */
  readonly results: readonly unknown[];
}

export async function readOfficialData(indexedDB: IDBFactory, appId: string, maxResults: number): Promise<OfficialData | undefined> {
  let isFound = false;
  for (const version of [6, 5]) {
    const db = await openExisting(indexedDB, `instant_${appId}_${version}`);
    if (!db) continue;
    isFound = true;
    try {
      const kv = await readKv(db);
      if (kv.size > 0)
        return { kv, results: version === 6 ? await readResults(db, maxResults) : resultsOf(kv.get('querySubs'), maxResults) };
    } finally {
      db.close();
    }
  }
  return isFound ? { kv: new Map(), results: [] } : undefined;
}

/** Undefined if there is none: aborting the upgrade undoes the creation. */
function openExisting(indexedDB: IDBFactory, name: string): Promise<IDBDatabase | undefined> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    let isNew = false;
    request.onupgradeneeded = () => {
      isNew = true;
      request.transaction?.abort();
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      if (isNew) resolve(undefined);
      else reject(request.error ?? new Error(`${name} could not be opened`));
    };
  });
}

async function readKv(db: IDBDatabase): Promise<Map<string, unknown>> {
  if (!db.objectStoreNames.contains('kv')) return new Map();
  const store = db.transaction('kv').objectStore('kv');
  const [keys, values] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())]);
  return new Map(keys.flatMap((key, at): [string, unknown][] => (typeof key === 'string' ? [[key, values[at]]] : [])));
}

/** One by one: all of them may be far more than is wanted. */
async function readResults(db: IDBDatabase, maxResults: number): Promise<unknown[]> {
  if (!db.objectStoreNames.contains('querySubs')) return [];
  const store = db.transaction('querySubs').objectStore('querySubs');
  const results: unknown[] = [];
  let free = maxTriples;
  for (const [key, size] of byUse(await answer(store.get(metaKey)))) {
    // One that is too large is read if there is no other: the attrs in it say what pending writes mean.
    if (results.length >= maxResults || (size > free && results.length > 0)) continue;
    results.push(await answer(store.get(key)));
    free -= size;
  }
  return results;
}

/** The keys of cached results with their number of triples, the most recently used first. */
function byUse(meta: unknown): [key: string, size: number][] {
  const objects = isObject(meta) && isObject(meta['objects']) ? meta['objects'] : {};
  const number = (value: unknown, name: string): number => (isObject(value) && Number(value[name])) || 0;
  return Object.entries(objects)
    .sort(([, a], [, b]) => number(b, 'updatedAt') - number(a, 'updatedAt'))
    .map(([key, value]) => [key, number(value, 'size')]);
}

/** Of version 5: one object, or its JSON. */
function resultsOf(value: unknown, maxResults: number): unknown[] {
  const subs = parsed(value);
  const used = (sub: unknown): number => (isObject(sub) && Number(sub['lastAccessed'])) || 0;
  const all = isObject(subs) ? Object.values(subs).map(parsed) : [];
  return all.sort((a, b) => used(b) - used(a)).slice(0, maxResults);
}

/** Versions before stored JSON. Undefined for text that is none. */
export function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}
