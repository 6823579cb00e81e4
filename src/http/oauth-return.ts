// What the address of a page says of someone who returns to it from an OAuth provider. Texts in, texts out; the code in it is exchanged in
// auth.ts.

import { extraFieldsParam } from './oauth.ts';

/** The parameters that are ours. */
const returned = '_instant_oauth_redirect';
const ours = new Set([returned, extraFieldsParam, 'code', 'error']);

export type OAuthReturn = {
  /** The path, query and fragment of the address, without what is ours in them. */
  readonly cleanPath: string;
} & ({ readonly error: string } | { readonly error: undefined; readonly code: string; readonly extraFieldsId: string | undefined });

/** What the address of a page says of someone who returns to it from a provider; undefined if it says nothing. */
export function readOAuthReturn(href: string): OAuthReturn | undefined {
  const url = new URL(href);
  const params = url.searchParams;
  if (!params.get(returned)) return undefined;
  const [error, code] = [params.get('error'), params.get('code')];
  const cleanPath = `${url.pathname}${withoutOurs(url.search)}${url.hash}`;
  if (error) return { cleanPath, error };
  return code ? { cleanPath, error: undefined, code, extraFieldsId: params.get(extraFieldsParam) ?? undefined } : undefined;
}

/** Of the rest not a letter is changed: a program may compare it. */
function withoutOurs(search: string): string {
  const pairs = search.slice(1).split('&');
  const kept = pairs.filter((pair) => pair !== '' && !ours.has(nameOf(pair)));
  return kept.length > 0 ? `?${kept.join('&')}` : '';
}

function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? '';
}
