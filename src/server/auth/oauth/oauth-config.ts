// An app's OAuth configuration: its clients at providers, and where users may be redirected to. Stored as one record of the app's log;
// changed by tools, or given to the server at start.

import { isObject } from '../../../lib/json.ts';

export type OriginService = 'generic' | 'netlify' | 'vercel' | 'custom-scheme';

export interface RedirectOrigin {
  readonly id: string;
  readonly service: OriginService;
  readonly params: readonly string[];
  readonly created_at: string;
}

export interface ServiceProvider {
  readonly id: string;
  readonly provider_name: string;
  readonly created_at: string;
}

export interface OAuthClient {
  readonly id: string;
  readonly provider_id: string;
  readonly client_name: string;
  readonly client_id: string | null;
  readonly client_secret: string | null;
  readonly discovery_endpoint: string | null;
  readonly redirect_to: string | null;
  readonly meta: Readonly<Record<string, unknown>> | null;
  readonly created_at: string;
}

export interface OAuthConfig {
  readonly origins: readonly RedirectOrigin[];
  readonly providers: readonly ServiceProvider[];
  readonly clients: readonly OAuthClient[];
}

/** Name of the record. */
export const oauthRecord = 'oauth';

export const emptyOAuth: OAuthConfig = { origins: [], providers: [], clients: [] };

export function oauthOf(records: ReadonlyMap<string, unknown>): OAuthConfig {
  const found = records.get(oauthRecord);
  return isObject(found) ? (found as unknown as OAuthConfig) : emptyOAuth;
}

export interface ClientWithProvider {
  readonly client: OAuthClient;
  readonly provider: ServiceProvider;
}

export function clientNamed({ clients, providers }: OAuthConfig, name: string): ClientWithProvider | undefined {
  const client = clients.find((each) => each.client_name === name);
  const provider = providers.find(({ id }) => id === client?.provider_id);
  return client && provider ? { client, provider } : undefined;
}

/** Schemes that would let a page run code in another origin. */
const unsafeSchemes: ReadonlySet<string> = new Set(['http', 'https', 'javascript', 'data', 'vbscript', 'file', 'blob', 'about']);

/** Why an origin is invalid; undefined if it is valid. */
export function originFault(service: string, params: readonly unknown[]): string | undefined {
  const [first] = params;
  switch (service) {
    case 'generic':
      if (params.length !== 1) return 'Host should be the only parameter.';
      return typeof first === 'string' ? undefined : 'Host should be a string.';
    case 'netlify':
      return params.length === 1 && typeof first === 'string' ? undefined : 'Netlify should have only the site name param.';
    case 'vercel':
      return params.length === 2 && params.every((each) => typeof each === 'string')
        ? undefined
        : 'Vercel should have deployment suffix and project name params.';
    case 'custom-scheme':
      if (params.length !== 1 || typeof first !== 'string') return 'Custom scheme should have only one parameter.';
      return unsafeSchemes.has(schemeIn(first)) ? `The scheme \`${first}\` is not allowed.` : undefined;
    default:
      return `Unrecognized service ${service}`;
  }
}

const schemeIn = (given: string): string => given.replace(/:.*$/, '').toLowerCase();

/** Whether redirects to this URL are allowed. */
export function isRedirectAllowed(origins: readonly RedirectOrigin[], given: string): boolean {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || url.username !== '' || url.password !== '') return false;
  return origins.some((origin) => matches(origin, url));
}

function matches({ service, params: [first = '', second = ''] }: RedirectOrigin, url: URL): boolean {
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  switch (service) {
    case 'generic':
      return isWeb && first !== '' && url.host === first;
    case 'netlify':
      return isWeb && first !== '' && (url.host === `${first}.netlify.app` || url.host.endsWith(`--${first}.netlify.app`));
    case 'vercel':
      return (
        isWeb &&
        first !== '' &&
        second !== '' &&
        (url.host === `${second}.${first}` || (url.host.startsWith(`${second}-`) && url.host.endsWith(`.${first}`)))
      );
    case 'custom-scheme':
      return !isWeb && !unsafeSchemes.has(schemeIn(first)) && url.protocol === `${schemeIn(first)}:`;
  }
}

/** Why a custom redirect URL for provider responses is invalid; undefined if it is valid. */
export function redirectToFault(given: string): string | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isLocal = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal))) return 'redirect uri must use the HTTPS scheme';
  if (given.includes('#')) return 'redirect uri may not contain the fragment component';
  if (url.username !== '' || url.password !== '') return 'redirect uri may not contain user or password';
  if (/(^|\/)\.\.(\/|$)/.test(given)) return 'redirect uri may not contain a path traversal';
  return undefined;
}

/** The form shown to tools: without the secret. */
export function shownClient({ client_secret: _secret, redirect_to: _to, ...rest }: OAuthClient): object {
  return { ...rest, use_shared_credentials: false };
}

/** The same of a client that is listed, or was changed. */
export const listedClient = (client: OAuthClient): object => ({ ...shownClient(client), redirect_to: client.redirect_to });

/** What remains to be told of a client that was deleted. */
export function deletedClient({ id, provider_id, client_name, client_id, created_at }: OAuthClient): object {
  return { id, provider_id, client_name, client_id, created_at };
}
