// The way to an OAuth provider and back: the address that someone is sent to, and what the address they return to says. Texts in, texts
// out; the code that comes back is exchanged in auth.ts.

import type { CreateAuthorizationURLParams } from '../types/auth.ts';
import { checkParams } from './params.ts';
import type { AppConfig } from './request.ts';

/** The parameters that are ours in the address someone returns to. */
const returned = '_instant_oauth_redirect';
const extraFieldsParam = '_instant_extra_fields_id';
const ours = new Set([returned, extraFieldsParam, 'code', 'error']);

type AuthorizationParams = Omit<CreateAuthorizationURLParams, 'extraFields'> & {
  /** Under what the extra fields are kept until someone returns. */
  readonly extraFieldsId?: string | undefined;
};

/** Where to send someone who signs in with an OAuth provider. */
export function createAuthorizationURL(app: AppConfig, params: AuthorizationParams): string {
  checkParams('createAuthorizationURL', params, { clientName: 'text', redirectURL: 'text', extraFieldsId: 'text?' });
  const { clientName, redirectURL, extraFieldsId } = params;
  const back = extraFieldsId ? withParam(redirectURL, extraFieldsParam, extraFieldsId) : redirectURL;
  const query = `app_id=${app.appId}&client_name=${encodeURIComponent(clientName)}&redirect_uri=${encodeURIComponent(back)}`;
  return `${app.apiURI}/runtime/oauth/start?${query}`;
}

/** Under which tools that look for OpenID's description of a provider find ours. */
export function issuerURI(app: AppConfig): string {
  return `${app.apiURI}/runtime/${app.appId}`;
}

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

/** A query ends where the fragment begins. */
function withParam(address: string, name: string, value: string): string {
  const at = address.includes('#') ? address.indexOf('#') : address.length;
  const [start, fragment] = [address.slice(0, at), address.slice(at)];
  return `${start}${start.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}${fragment}`;
}
