// Builds the URL of the OAuth redirect. The URL a user returns to is parsed in client/oauth-redirect.ts.

import { TriplaneError } from '../errors.ts';
import type { CreateAuthorizationURLParams } from '../types/auth.ts';
import type { AppConfig } from './request.ts';

/** The query parameter of the return URL that identifies the stored extra fields. */
export const extraFieldsParam = '_instant_extra_fields_id';

/** The storage key of the extra fields of a user who is at an OAuth provider. */
export function extraFieldsKey(fieldsId: string): string {
  return `oauth/${fieldsId}`;
}

/**
 * The URL at which a user signs in with an OAuth provider.
 *
 * @param extraFieldsId identifies the extra fields that are stored until the user returns
 */
export function createAuthorizationURL(app: AppConfig, params: CreateAuthorizationURLParams | undefined, extraFieldsId?: string): string {
  const { clientName = '', redirectURL = '' } = params ?? {};
  for (const [name, value] of Object.entries<unknown>({ clientName, redirectURL })) {
    if (typeof value === 'string' && value.trim() !== '') continue;
    throw new TriplaneError('config-invalid', `createAuthorizationURL: \`${name}\` must be a non-empty string`);
  }
  const returnURL = extraFieldsId ? withParam(redirectURL, `${extraFieldsParam}=${extraFieldsId}`) : redirectURL;
  const query = `app_id=${app.appId}&client_name=${encodeURIComponent(clientName)}&redirect_uri=${encodeURIComponent(returnURL)}`;
  return `${app.apiURI}/runtime/oauth/start?${query}`;
}

/** The URL under which tools find the app's OpenID provider description. */
export function issuerURI(app: AppConfig): string {
  return `${app.apiURI}/runtime/${app.appId}`;
}

/** The query ends where the fragment begins. */
function withParam(address: string, param: string): string {
  return address.replace(/^[^#]*/, (start) => `${start}${start.includes('?') ? '&' : '?'}${param}`);
}
