// Takes over what the official client left on the device: read, converted, and written to this client's store in one transaction together with
// the record that says so. A start that is killed in between leaves nothing, and the next one does it again. A separate chunk.

import type { Clock } from '../../lib/clock.ts';
import { extraFieldsKey } from '../../http/oauth.ts';
import { isObject } from '../../lib/json.ts';
import type { KeyValue, KeyValueOp } from '../../storage/key-value.ts';
import { userKey } from '../account.ts';
import { attrsKey } from '../attr-catalog.ts';
import { localIdKey } from '../local-ids.ts';
import { type Mutation, mutationPrefix, mutationRecord, putMutation, readMutation } from '../mutations/mutation.ts';
import { type Adopted, adoptionKey, type AdoptionRecord } from './adoption.ts';
import { type OfficialData, readOfficialData } from './official-database.ts';
import {
  asUnsynced,
  completed,
  readAttrs,
  readLocalIds,
  readOAuthFields,
  readOfficialMutations,
  readOfficialUser,
  type Skip,
} from './official-records.ts';
import { resultOps } from './official-results.ts';

export interface AdoptionConfig {
  readonly appId: string;
  readonly store: KeyValue;
  readonly indexedDB: IDBFactory;
  /** Without locks, tabs that start at once may store the same records twice, under the same keys. */
  readonly locks: Pick<LockManager, 'request'> | undefined;
  /** A later start takes only writes that were not there before. */
  readonly isLate: boolean;
  readonly clock: Clock;
  readonly maxResults: number;
  /** Aborted when nobody waits any more: then nothing is written. */
  readonly signal: AbortSignal;
}

/** Undefined if there is nothing, or another tab has just taken it. */
export async function adopt(config: AdoptionConfig): Promise<Adopted | undefined> {
  const { locks, appId, signal } = config;
  let isLocked = false;
  const locked = (): Promise<Adopted | undefined> => ((isLocked = true), takeOver(config));
  try {
    if (locks) return await locks.request(`triplane/${appId}/adopt`, { signal }, locked);
  } catch (error) {
    // Otherwise the platform has locks, and does not let this page use them.
    if (isLocked || signal.aborted) throw error;
  }
  return takeOver(config);
}

async function takeOver(config: AdoptionConfig): Promise<Adopted | undefined> {
  const { appId, store, indexedDB, isLate, clock, maxResults, signal } = config;
  const before = readRecord(await store.get(adoptionKey));
  if ((before === undefined) === isLate) return undefined;
  const official = await readOfficialData(indexedDB, appId, Math.max(1, maxResults));
  const nowMs = clock.now();
  const { ops, adopted, eventIds } = official ? await convert(official, config, before, nowMs) : EMPTY;
  // Without such a database nothing can follow: the record is then out of date at once.
  const record: AdoptionRecord = {
    atMs: before?.atMs ?? (official ? nowMs : 0),
    eventIds: [...(before?.eventIds ?? []), ...eventIds],
  };
  if (signal.aborted || (isLate && ops.length === 0)) return undefined;
  await store.write([...ops, { put: adoptionKey, value: record }]);
  return adopted;
}

interface Conversion {
  readonly ops: readonly KeyValueOp[];
  readonly eventIds: readonly string[];
  readonly adopted: Adopted | undefined;
}

const EMPTY: Conversion = { ops: [], eventIds: [], adopted: undefined };

async function convert(
  { kv, results }: OfficialData,
  { store, isLate, maxResults }: AdoptionConfig,
  before: AdoptionRecord | undefined,
  nowMs: number,
): Promise<Conversion> {
  const skipped: string[] = [];
  const skip = (reason: string): void => void skipped.push(reason);
  const user = readOfficialUser(kv.get('currentUser'));
  const owner = user?.id ?? '';
  const attrs = readAttrs(results);
  if (user === undefined) skip('the user, and the writes made in their name: the record cannot be read');
  const writes = user === undefined ? [] : readOfficialMutations(kv.get('pendingMutations'), owner, nowMs, skip);
  const mutations = without(completed(writes, attrs), before);
  const mutationOps = mutations.map(putMutation);
  const eventIds = mutations.map(({ eventId }) => eventId);
  const found = { writes: mutations.length, skipped, records: mutations.map(mutationRecord) };
  if (isLate) return { ops: mutationOps, eventIds, adopted: { userId: undefined, localIds: 0, results: 0, ...found } };

  const isMissing = async (key: string): Promise<boolean> => (await store.get(key)) === undefined;
  const isSignedIn = user && (await isMissing(userKey));
  const localIds = await localIdOps(kv, isMissing, skip);
  const isFirst = attrs.length > 0 && (await isMissing(attrsKey));
  const cached = isFirst ? resultOps(results.slice(0, maxResults), owner, nowMs) : [];
  const ops = [
    ...(isSignedIn ? [{ put: userKey, value: user }, ...(await anonymousMoves(store, owner))] : []),
    ...localIds,
    ...readOAuthFields(kv).map(([id, value]) => ({ put: extraFieldsKey(id), value })),
    ...(isFirst ? [{ put: attrsKey, value: asUnsynced(attrs) }] : []),
    ...cached.flat(),
    ...mutationOps,
  ];
  const adopted = { userId: isSignedIn ? user.id : undefined, localIds: localIds.length, results: cached.length, ...found };
  return { ops, eventIds, adopted: ops.length + skipped.length > 0 ? adopted : undefined };
}

/** An earlier start that could not take over the user took writes in nobody's name: they are this user's. */
async function anonymousMoves(store: KeyValue, owner: string): Promise<KeyValueOp[]> {
  const lists = await Promise.all([store.list(mutationPrefix('')), store.list(mutationPrefix('', 'rejected'))]);
  return lists.flat().flatMap(([key, value]): KeyValueOp[] => {
    const write = readMutation(value);
    return write ? [{ remove: key }, putMutation({ ...write, owner, isAdopted: true })] : [];
  });
}

function without(mutations: readonly Mutation[], before: AdoptionRecord | undefined): readonly Mutation[] {
  const known = new Set(before?.eventIds);
  return mutations.filter(({ eventId }) => !known.has(eventId));
}

async function localIdOps(
  kv: ReadonlyMap<string, unknown>,
  isMissing: (key: string) => Promise<boolean>,
  skip: Skip,
): Promise<KeyValueOp[]> {
  const ops: KeyValueOp[] = [];
  for (const [name, value] of readLocalIds(kv, skip)) {
    const key = localIdKey(name);
    if (await isMissing(key)) ops.push({ put: key, value });
  }
  return ops;
}

function readRecord(value: unknown): AdoptionRecord | undefined {
  if (value === undefined) return undefined;
  const { atMs, eventIds } = isObject(value) ? value : {};
  return { atMs: Number(atMs) || 0, eventIds: Array.isArray(eventIds) ? eventIds.map(String) : [] };
}
