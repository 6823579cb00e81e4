// The networks that a user signed in from by a code: records of the app's log, one per user, with hashes. Limits that strangers can use up for
// an e-mail address do not apply to them.

import type { Db } from '../../db/db.ts';
import type { Records } from '../storage/storage.ts';
import { hashText } from './secrets.ts';
import { userByEmail } from './users.ts';

interface KnownNetwork {
  readonly hash: string;
  /** The last sign-in. */
  readonly at: number;
}

/** More would multiply the mails that can be sent to an address. */
const maxNetworks = 5;
const dayMs = 86_400_000;
const keptMs = 90 * dayMs;
const prefix = 'networks ';

interface State {
  readonly db: Db;
  readonly records: ReadonlyMap<string, unknown>;
}

const networksOf = ({ records }: State, user: string): readonly KnownNetwork[] =>
  (records.get(prefix + user) as readonly KnownNetwork[] | undefined) ?? [];

const hashOf = (user: string, network: string): string => hashText(`${user} ${network}`);

/** Whether the user with this e-mail address signed in from the network. */
export function isKnownNetwork(state: State, email: string, network: string): boolean {
  const user = userByEmail(state.db, email)?.id;
  return user !== undefined && networksOf(state, user).some(({ hash }) => hash === hashOf(user, network));
}

/** Undefined if there is nothing to change. */
export function withNetwork(state: State & { readonly at: number }, user: string, network: string): Records | undefined {
  const known = networksOf(state, user).filter((each) => state.at - each.at < keptMs);
  const hash = hashOf(user, network);
  if (network === '' || known.some((each) => each.hash === hash && state.at - each.at < dayMs)) return undefined;
  return { [prefix + user]: [{ hash, at: state.at }, ...known.filter((each) => each.hash !== hash)].slice(0, maxNetworks) };
}

/** The user whose networks the record has. */
export function userOfNetworks(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}
