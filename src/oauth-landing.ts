// Someone has come back from an OAuth provider: the address is cleaned of what is ours, and the code in it is exchanged for a user. Loaded
// for them alone: oauth-return.ts.

import type { ResolvedConfig } from './config.ts';
import { TriplaneError } from './errors.ts';
import { exchangeCodeForToken } from './http/auth.ts';
import { extraFieldsKey } from './http/oauth.ts';
import { readOAuthReturn } from './http/oauth-return.ts';
import type { KeyValue } from './storage/key-value.ts';
import type { User } from './types/auth.ts';

/** As much of a window as is used. */
export interface Page {
  readonly location?: { readonly href: string };
  readonly history?: { replaceState(data: unknown, unused: string, url: string): void; readonly state?: unknown };
}

/** Rejects if the provider, or the server, said no. */
export async function land(
  app: ResolvedConfig,
  store: KeyValue,
  { location, history }: Page,
  guest: User | undefined,
  signal: AbortSignal | undefined,
): Promise<User> {
  const back = location && readOAuthReturn(location.href);
  if (!back) throw new TriplaneError('refused', 'The address does not say who returns');
  history?.replaceState(history.state, '', back.cleanPath);
  if (back.error !== undefined) throw new TriplaneError('refused', back.error);
  const key = back.extraFieldsId === undefined ? undefined : extraFieldsKey(back.extraFieldsId);
  const extraFields = key === undefined ? undefined : await store.get(key);
  const { user } = await exchangeCodeForToken(
    { ...app, signal },
    {
      code: back.code,
      ...(guest?.isGuest && { refreshToken: guest.refresh_token }),
      ...(typeof extraFields === 'object' && extraFields !== null && { extraFields }),
    },
  );
  if (key !== undefined) await store.write([{ remove: key }]);
  return user;
}
