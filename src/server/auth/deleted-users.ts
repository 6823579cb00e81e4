// A user's tokens, identities at providers and known networks end with the user, whoever deletes it and by whichever way. Otherwise they would sign in to
// an entity that is later made under the same id.

import type { ChangeSet } from '../../db/change-set.ts';
import type { Records } from '../storage/storage.ts';
import { withoutNetworks } from './known-networks.ts';
import { withoutTokensOf } from './tokens.ts';

/** The changes of records that follow from users who are deleted. */
export function endedSignIns(changeSet: ChangeSet, records: ReadonlyMap<string, unknown>): Records | undefined {
  const deleted = [...(changeSet.get('$users') ?? [])].filter(([, { before, after }]) => before && !after);
  if (deleted.length === 0) return undefined;
  const recordsOf = (id: string): Records => ({
    ...withoutTokensOf(records, id),
    ...withoutIdentitiesOf(records, id),
    ...withoutNetworks(records, id),
  });
  return Object.assign({}, ...deleted.map(([id]) => recordsOf(id))) as Records;
}

function withoutIdentitiesOf(records: ReadonlyMap<string, unknown>, user: string): Records {
  const gone = [...records].filter(([name, owner]) => name.startsWith('identity ') && owner === user);
  return Object.fromEntries(gone.map(([name]) => [name, null]));
}
