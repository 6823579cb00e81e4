// What the address of a page says of someone who returns to it from an OAuth provider. Texts in, texts out; the code in it is exchanged in
// auth.ts.

// Someone has come back from an OAuth provider: the address is cleaned of what is ours, and the code in it is exchanged for a user. Loaded
// for them alone: oauth-return.ts.

import type { KeyValue } from '../storage/key-value.ts';
import type { ResolvedConfig } from './config.ts';
import type { User } from '../types/auth.ts';
import { TriplaneError } from '../errors.ts';
import { exchangeCodeForToken } from '../http/auth.ts';
import { extraFieldsParam, extraFieldsKey } from '../http/oauth.ts';

/** The parameters that are ours. */
const returnParam = '_instant_oauth_redirect';
const ownParams = new Set([returnParam, extraFieldsParam, 'code', 'error']);

export type OAuthReturn = {
  /** The path, query and fragment of the address, without what is ours in them. */
  readonly cleanPath: string;
} & ({ readonly error: string } | { readonly error: undefined; readonly code: string; readonly extraFieldsId: string | undefined });

/** What the address of a page says of someone who returns to it from a provider; undefined if it says nothing. */
export function readOAuthReturn(href: string): OAuthReturn | undefined {
  const url = new URL(href);
  const params = url.searchParams;
  if (!params.get(returnParam)) return undefined;
  const [error, code] = [params.get('error'), params.get('code')];
  const cleanPath = `${url.pathname}${withoutOwnParams(url.search)}${url.hash}`;
  if (error) return { cleanPath, error };
  return code ? { cleanPath, error: undefined, code, extraFieldsId: params.get(extraFieldsParam) ?? undefined } : undefined;
}

/** Of the rest not a letter is changed: a program may compare it. */
function withoutOwnParams(search: string): string {
  const pairs = search.slice(1).split('&');
  const remaining = pairs.filter((pair) => pair !== '' && !ownParams.has(nameOf(pair)));
  return remaining.length > 0 ? `?${remaining.join('&')}` : '';
}

function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? '';
}

/** As much of a window as is used. */
export interface BrowserPage {
  readonly location?: { readonly href: string };
  readonly history?: { replaceState(data: unknown, unused: string, url: string): void; readonly state?: unknown };
}

/** Rejects if the provider, or the server, said no. */
export async function completeOAuthRedirect(
  app: ResolvedConfig,
  store: KeyValue,
  { location, history }: BrowserPage,
  guest: User | undefined,
  signal: AbortSignal | undefined,
): Promise<User> {
  const redirect = location && readOAuthReturn(location.href);
  if (!redirect) throw new TriplaneError('refused', 'The address does not say who returns');
  history?.replaceState(history.state, '', redirect.cleanPath);
  if (redirect.error !== undefined) throw new TriplaneError('refused', redirect.error);
  const key = redirect.extraFieldsId === undefined ? undefined : extraFieldsKey(redirect.extraFieldsId);
  const extraFields = key === undefined ? undefined : await store.get(key);
  const { user } = await exchangeCodeForToken(
    { ...app, signal },
    {
      code: redirect.code,
      ...(guest?.isGuest && { refreshToken: guest.refresh_token }),
      ...(typeof extraFields === 'object' && extraFields !== null && { extraFields }),
    },
  );
  if (key !== undefined) await store.write([{ remove: key }]);
  return user;
}
