// Reads the official client's records. What is broken is skipped, with a reason, and stops nothing else.

import { Attrs } from '../../db/attrs.ts';
import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isWireAttr, type WireAttr } from '../../protocol/attr.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { rebase, type Renames } from '../../transact/rebase.ts';
import type { User } from '../../types/auth.ts';
import { readUser } from '../account.ts';
import { type Mutation, readMutation } from '../mutations/mutation.ts';
import { parsed } from './official-database.ts';

export type Skip = (reason: string) => void;

/** Null if nobody is signed in; undefined for a record that cannot be read. */
export function readOfficialUser(stored: unknown): User | null | undefined {
  const value = parsed(stored);
  if (stored === undefined || value === null) return null;
  const user = readUser(value);
  return user && { ...user, isGuest: user.isGuest || user.type === 'guest' };
}

/**
 * The writes that the server has not confirmed, in the order in which the official client sends them. They belong to the user who is signed in
 * there: it discards them when the user changes.
 */
export function readOfficialMutations(stored: unknown, owner: string, nowMs: number, skip: Skip): Mutation[] {
  const value = parsed(stored);
  if (stored === undefined || value === null) return [];
  const list: unknown = value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
  if (!Array.isArray(list)) {
    skip('the pending writes: the record cannot be read');
    return [];
  }
  const mutations = new Map<string, Mutation>();
  for (const entry of list as readonly unknown[]) {
    const [eventId, mutation] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    // Confirmed: it is kept there until the cached results contain it.
    if (isObject(mutation) && isPresent(mutation['tx-id'])) continue;
    const read = readOfficialMutation(eventId, mutation, owner, nowMs, skip);
    if (read) mutations.set(read.eventId, read);
  }
  const sorted = [...mutations.values()].sort((a, b) => a.order - b.order || (a.eventId < b.eventId ? -1 : 1));
  // Numbered anew, by the clock as this client's own are: two of its tabs may have given the same number twice, and one that was opened before
  // the move may still write.
  let order = 0;
  return sorted.map((mutation) => ({ ...mutation, order: (order = Math.max(order + 1, mutation.createdMs)) }));
}

function readOfficialMutation(eventId: unknown, mutation: unknown, owner: string, nowMs: number, skip: Skip): Mutation | undefined {
  const name = `write ${typeof eventId === 'string' ? eventId : 'without an id'}`;
  if (!isUuid(eventId) || !isObject(mutation)) return void skip(`${name}: the record cannot be read`);
  if (isPresent(mutation['error'])) return void skip(`${name}: it had failed before it was sent`);
  const steps = asSent(mutation['tx-steps']);
  if (Array.isArray(steps) && steps.length === 0) return undefined;
  const [order, created] = [Number(mutation['order']) || 0, Math.min(Number(mutation['created']) || nowMs, nowMs)];
  const read = readMutation({ eventId, owner, order, steps, createdMs: created, sends: 1, isAdopted: true });
  return read ?? void skip(`${name}: its steps cannot be read`);
}

/** Values as JSON carries them to a server: the database may hold dates and undefined. */
function asSent(steps: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(steps) ?? 'null') as unknown;
  } catch {
    return undefined;
  }
}

const localIdPrefix = 'localToken_';

export function readLocalIds(kv: ReadonlyMap<string, unknown>, skip: Skip): [name: string, id: string][] {
  return [...kv].flatMap(([key, id]): [string, string][] => {
    if (!key.startsWith(localIdPrefix)) return [];
    const name = key.slice(localIdPrefix.length);
    if (typeof id === 'string' && id !== '') return [[name, id]];
    skip(`local id '${name}': the record cannot be read`);
    return [];
  });
}

/** Extra fields of users who are at an OAuth provider while the page changes, by their id. */
export function readOAuthFields(kv: ReadonlyMap<string, unknown>): [id: string, fields: unknown][] {
  const fields = kv.get('oauthExtraFields');
  return isObject(fields) ? Object.entries(fields) : [];
}

/** The attrs that came with cached results, the newest version of each. */
export function readAttrs(results: readonly unknown[]): WireAttr[] {
  const attrs = new Map<string, WireAttr>();
  for (const sub of [...results].reverse()) {
    const store = isObject(sub) && isObject(sub['result']) ? (sub['result']['attrsStore'] ?? sub['result']['store']) : undefined;
    const list = isObject(store) && isObject(store['attrs']) ? Object.values(store['attrs']) : [];
    for (const attr of list) if (isWireAttr(attr)) attrs.set(attr.id, attr);
  }
  return [...attrs.values()];
}

/**
 * The attrs as this client is to know them: marked as unsynced, because their ids are those of the server that the official client was
 * connected to. Every write brings the attrs that it uses along, and they are matched by name where the server has other ids.
 */
export function asUnsynced(attrs: readonly WireAttr[]): WireAttr[] {
  return attrs.map((attr) => ({ ...attr, isUnsynced: true }));
}

/**
 * Makes every write complete in itself. One that was made without knowing the attrs creates them under ids of its own: it gets the ids that
 * cached results have, so that both show the same fields. Then all attrs that it uses come first.
 */
export function completed(mutations: readonly Mutation[], attrs: readonly WireAttr[]): Mutation[] {
  const known = Attrs.from(attrs);
  const byId = new Map(asUnsynced(attrs).map((attr) => [attr.id, attr]));
  const renames: Renames = new Map();
  return mutations.map((mutation) => {
    try {
      return { ...mutation, steps: withAttrs(rebase(mutation.steps, known, renames), byId) };
    } catch {
      // It goes out as it is: the server rejects it alone.
      return mutation;
    }
  });
}

function withAttrs(steps: readonly Step[], attrs: ReadonlyMap<string, WireAttr>): readonly Step[] {
  const created = new Set<unknown>(steps.map((step) => step[0] === 'add-attr' && step[1].id));
  const used = new Set(steps.flatMap(attrIdsOf));
  const missing = [...used].flatMap((id) => (created.has(id) ? [] : (attrs.get(String(id)) ?? [])));
  return missing.length === 0 ? steps : [...missing.map((attr): Step => ['add-attr', attr]), ...steps];
}

/** Those of the triple, and those of lookups. */
function attrIdsOf(step: Step): unknown[] {
  if (step[0] === 'add-attr' || step[0] === 'update-attr') return [];
  return [step[2], ...[step[1], step[3]].map((ref) => (Array.isArray(ref) && ref.length === 2 ? (ref[0] as unknown) : undefined))];
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
