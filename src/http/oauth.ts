// The way to an OAuth provider: the address that someone is sent to. Texts in, texts out; what the address says that they return to is read
// in oauth-return.ts.

import { TriplaneError } from '../errors.ts';
import type { CreateAuthorizationURLParams } from '../types/auth.ts';
import type { AppConfig } from './request.ts';

/** In the address someone returns to: under what their extra fields are kept. */
export const extraFieldsParam = '_instant_extra_fields_id';

/** Where the fields of a user who is away at a provider are kept. */
export function extraFieldsKey(fieldsId: string): string {
  return `oauth/${fieldsId}`;
}

type AuthorizationParams = Omit<CreateAuthorizationURLParams, 'extraFields'> & {
  /** Under what the extra fields are kept until someone returns. */
  readonly extraFieldsId?: string | undefined;
};

/** Where to send someone who signs in with an OAuth provider. */
export function createAuthorizationURL(app: AppConfig, params: AuthorizationParams): string {
  const { clientName, redirectURL, extraFieldsId } = params;
  for (const [name, value] of Object.entries<unknown>({ clientName, redirectURL })) {
    if (typeof value === 'string' && value.trim() !== '') continue;
    throw new TriplaneError('config-invalid', `createAuthorizationURL: \`${name}\` must be a text that is not empty`);
  }
  const returnURL = extraFieldsId ? withParam(redirectURL, `${extraFieldsParam}=${extraFieldsId}`) : redirectURL;
  const query = `app_id=${app.appId}&client_name=${encodeURIComponent(clientName)}&redirect_uri=${encodeURIComponent(returnURL)}`;
  return `${app.apiURI}/runtime/oauth/start?${query}`;
}

/** Under which tools that look for OpenID's description of a provider find ours. */
export function issuerURI(app: AppConfig): string {
  return `${app.apiURI}/runtime/${app.appId}`;
}

/** A query ends where the fragment begins. */
function withParam(address: string, param: string): string {
  return address.replace(/^[^#]*/, (start) => `${start}${start.includes('?') ? '&' : '?'}${param}`);
}
