// Who is signed in: `db.useAuth`, and what is drawn for those who are, or are not.

import type { AuthState } from 'triplane';

import type { AnyCore } from './core.ts';
import { derived, newsOf, type Source } from './source.ts';

const unknown: AuthState = { isLoading: true, user: undefined, error: undefined };

export function authOf(core: AnyCore): Source<AuthState> {
  return derived(
    newsOf(core, 'auth'),
    () => core._reactor.account.user,
    (user): AuthState => (user === undefined ? unknown : { isLoading: false, user: user ?? undefined, error: undefined }),
    unknown,
  );
}
