// Who is signed in: `db.useAuth`, and what is drawn for those who are, or are not.

import type { AuthState } from 'triplane';

import type { AnyCore } from './core.ts';
import { derived, newsOf, type Source } from './source.ts';

export function authOf(core: AnyCore): Source<AuthState> {
  return derived(
    newsOf(core, 'auth'),
    () => core._reactor.account.user,
    // The type tells the cases apart, each of which is one of these.
    (user) => ({ isLoading: user === undefined, user: user ?? undefined, error: undefined }) as AuthState,
  );
}
