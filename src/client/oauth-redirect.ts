// Completes a sign-in when an OAuth provider redirects to the page: removes the client's parameters from the URL, and exchanges the code in it
// for a user. Part of the lazily loaded HTTP module.

import type { KeyValue } from '../storage/key-value.ts';
import type { ResolvedConfig } from './config.ts';
import type { User } from '../types/auth.ts';
import { TriplaneError } from '../errors.ts';
import { exchangeCodeForToken } from '../http/auth.ts';
import { readGlobal } from '../lib/global.ts';
import { extraFieldsParam, extraFieldsKey } from '../http/oauth.ts';

/** The parameters of the client. */
const returnParam = '_instant_oauth_redirect';
const ownParams = new Set([returnParam, extraFieldsParam, 'code', 'error']);

export type OAuthReturn = {
  /** Path, query and fragment of the URL without the client's parameters. */
  readonly cleanPath: string;
} & ({ readonly error: string } | { readonly error: undefined; readonly code: string; readonly extraFieldsId: string | undefined });

/** Parses the URL of a page; undefined if it is not the redirect of a provider. */
export function readOAuthReturn(href: string): OAuthReturn | undefined {
  const url = new URL(href);
  const params = url.searchParams;
  if (!params.get(returnParam)) return undefined;
  const [error, code] = [params.get('error'), params.get('code')];
  const cleanPath = `${url.pathname}${withoutOwnParams(url.search)}${url.hash}`;
  if (error) return { cleanPath, error };
  return code ? { cleanPath, error: undefined, code, extraFieldsId: params.get(extraFieldsParam) ?? undefined } : undefined;
}

/** Leaves the other parameters exactly as they are: a program may compare them. */
function withoutOwnParams(search: string): string {
  const pairs = search.slice(1).split('&');
  const remaining = pairs.filter((pair) => pair !== '' && !ownParams.has(nameOf(pair)));
  return remaining.length > 0 ? `?${remaining.join('&')}` : '';
}

function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? '';
}

/** The part of a window that is used. */
export interface BrowserPage {
  readonly location?: { readonly href: string };
  readonly history?: { replaceState(data: unknown, unused: string, url: string): void; readonly state?: unknown };
}

/** @throws TriplaneError 'refused' if the provider or the server rejects the sign-in */
export async function completeOAuthRedirect(
  app: ResolvedConfig,
  store: KeyValue,
  { location, history }: BrowserPage,
  guest: User | undefined,
  signal: AbortSignal | undefined,
): Promise<User> {
  const redirect = location && readOAuthReturn(location.href);
  if (!redirect) throw new TriplaneError('refused', 'The URL of the page is not the redirect of an OAuth provider');
  // A page that may not change its URL is signed in all the same.
  readGlobal(() => history?.replaceState(history.state, '', redirect.cleanPath));
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
  // The code is spent: the user is signed in, whatever becomes of the extra fields.
  if (key !== undefined) await store.write([{ remove: key }]).catch((error: unknown) => app.log.info('oauth', error));
  return user;
}
