// A user's tokens, identities at providers and known networks end with the user, whoever deletes it and by whichever way. Otherwise they would sign in to
// an entity that is later made under the same id.

import type { ChangeSet } from '../../db/change-set.ts';
import { eachInSlices } from '../slices.ts';
import type { Records } from '../storage/storage.ts';
import { userOfNetworks } from './known-networks.ts';
import { userOfTokenRecord } from './tokens.ts';

/** The changes of records that follow from users who are deleted. In one pass, whatever their number; yields where others can be served. */
export function* endedSignIns(changeSet: ChangeSet, records: ReadonlyMap<string, unknown>): Generator<void, Records | undefined> {
  const changed = [...(changeSet.get('$users') ?? [])];
  const deleted = new Set(changed.flatMap(([id, { before, after }]) => (before && !after ? [id] : [])));
  if (deleted.size === 0) return undefined;
  const ended: Record<string, null> = {};
  yield* eachInSlices(records, ([name, record]) => {
    const user = userOfTokenRecord(name, record) ?? userOfNetworks(name) ?? userOfIdentity(name, record);
    if (user !== undefined && deleted.has(user)) ended[name] = null;
  });
  return ended;
}

function userOfIdentity(name: string, owner: unknown): string | undefined {
  return name.startsWith('identity ') ? String(owner) : undefined;
}
