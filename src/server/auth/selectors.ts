// How a request names a user: by id, e-mail address or refresh token. Several of them must mean the same user.

import type { InstantAPIError } from '../../errors.ts';
import type { LedgerState } from '../data/write.ts';
import { invalid } from '../errors.ts';
import { repeatable } from '../repeatable.ts';
import { tokenOwner } from './tokens.ts';
import { userByEmail, userRow } from './users.ts';

/** An id, an e-mail address, or both for the same user. */
export interface UserSelector {
  readonly id?: string | undefined;
  readonly email?: string | undefined;
}

export type Selector = { readonly id: string } | { readonly email: string } | { readonly token: string };

type State = Pick<LedgerState, 'db' | 'records'>;

/** The user's id. */
export function find({ db, records }: State, selector: Selector): string | undefined {
  if ('email' in selector) return userByEmail(db, selector.email)?.id;
  if ('token' in selector) return tokenOwner(records, selector.token);
  return userRow(db, selector.id)?.id;
}

/** @throws InstantAPIError if they do not select the same user */
export function findOne(state: State, selectors: readonly Selector[]): string | undefined {
  const [first, ...others] = selectors.map((selector) => find(state, selector));
  if (others.some((other) => other !== first)) throw differentUsers(repeatable(Object.assign({}, ...selectors)));
  return first;
}

function differentUsers(given: unknown): InstantAPIError {
  return invalid('user-lookup', given, [{ message: 'the email, the id and the token do not belong to one user' }]);
}
