// Someone comes back from an OAuth provider: the address of the page says so. The code in it is exchanged for a user before anything
// else is asked, and the address is cleaned of it.

import type { ResolvedConfig } from './config.ts';
import { readOAuthReturn } from './http/oauth.ts';
import { TriplaneError } from './errors.ts';
import type { KeyValue } from './storage/key-value.ts';
import type { User } from './types/auth.ts';

/** As much of a window as is used. */
interface Page {
  readonly location?: { readonly href: string };
  readonly history?: { replaceState(data: unknown, unused: string, url: string): void; readonly state?: unknown };
}

/** Where the fields of a user who is away at a provider are kept. */
export function extraFieldsKey(fieldsId: string): string {
  return `oauth/${fieldsId}`;
}

/** Undefined unless someone returns. What it gives rejects if the provider, or the server, said no. */
export function oauthReturn(
  app: ResolvedConfig,
  store: KeyValue,
  page: Page = globalThis,
): ((guest: User | undefined, signal?: AbortSignal) => Promise<User>) | undefined {
  const { location, history } = page;
  const back = location && history && readOAuthReturn(location.href);
  if (!back) return undefined;
  history.replaceState(history.state, '', back.cleanPath);
  return async (guest, signal) => {
    if (back.error !== undefined) throw new TriplaneError('refused', back.error);
    const key = back.extraFieldsId === undefined ? undefined : extraFieldsKey(back.extraFieldsId);
    const extraFields = key === undefined ? undefined : await store.get(key);
    const { exchangeCodeForToken } = await import('./http/auth.ts');
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
  };
}
