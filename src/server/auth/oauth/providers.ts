// Requests to sign-in providers and the identity derived from their responses. GitHub has its own API; all others use OpenID Connect
// discovery. Tokens are verified by `jose`.

import { createHash } from 'node:crypto';
import { isObject } from '../../../lib/json.ts';
import type { Outbound } from '../../outbound.ts';
import type { ClientWithProvider } from './oauth-config.ts';

/** A user's identity at a provider. */
export interface Identity {
  readonly provider: string;
  readonly sub: string;
  /** Only if the provider has verified it. */
  readonly email: string | undefined;
  readonly imageURL: string | undefined;
}

/** Details passed to the user's client. */
export class OAuthFault extends Error {}

export interface AuthorizationRequest {
  readonly state: string;
  readonly redirectUri: string;
  readonly nonce: string;
  /** PKCE between this server and the provider. */
  readonly verifier: string;
  readonly hd?: string | undefined;
}

export interface CodeAnswer {
  readonly code: string;
  readonly redirectUri: string;
  readonly nonce: string;
  readonly verifier: string;
}

const discoveryOf: Readonly<Record<string, string>> = {
  google: 'https://accounts.google.com/.well-known/openid-configuration',
  linkedin: 'https://www.linkedin.com/oauth/.well-known/openid-configuration',
  apple: 'https://account.apple.com/.well-known/openid-configuration',
};

/** Each app has an issuer of its own there. Elsewhere, a token that is not checked for its audience may be for anybody's app. */
const ownIssuers: ReadonlySet<string> = new Set(['clerk', 'firebase']);

const algorithms = ['RS256', 'ES256'];
/** Characters. The header of a token is parsed before its signature is verified, so anybody may write it. */
const longestToken = 64 * 1024;

/** How long a discovery document is used. */
const keptMs = 60_000;
/** Discovery documents and sets of keys kept: a provider may name others each time. */
const mostKept = 100;

interface Discovery {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
}

type KeySet = ReturnType<(typeof import('jose'))['createRemoteJWKSet']>;

export class Providers {
  readonly #fetch: Outbound;
  readonly #keys = new Map<string, KeySet>();
  /** By endpoint. Those who sign in at the same time, which anybody can begin, ask a provider once. */
  readonly #discoveries = new Map<string, { readonly askedAtMs: number; readonly found: Promise<Discovery> }>();

  constructor(fetch: Outbound) {
    this.#fetch = fetch;
  }

  async authorizationUrl(found: ClientWithProvider, request: AuthorizationRequest): Promise<string> {
    const { client, provider } = found;
    const { state, redirectUri, nonce, verifier, hd } = request;
    const shared = {
      response_type: 'code',
      state,
      redirect_uri: redirectUri,
      ...(client.client_id !== null && { client_id: client.client_id }),
    };
    if (provider.provider_name === 'github')
      return withParams('https://github.com/login/oauth/authorize', { scope: 'read:user user:email', ...shared });
    const { authorization_endpoint: endpoint } = await this.discovery(found);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const isApple = provider.provider_name === 'apple';
    return withParams(endpoint, {
      scope: isApple ? 'name email' : 'openid email profile',
      ...shared,
      nonce,
      ...(isApple ? { response_mode: 'form_post' } : { code_challenge: challenge, code_challenge_method: 'S256' }),
      ...(hd !== undefined && { hd }),
    });
  }

  /** @throws OAuthFault */
  async identityByCode(found: ClientWithProvider, answer: CodeAnswer): Promise<Identity> {
    if (found.provider.provider_name === 'github') return this.#githubIdentity(found, answer);
    const { client } = found;
    const { token_endpoint: endpoint } = await this.discovery(found);
    const isApple = found.provider.provider_name === 'apple';
    const tokens = await this.#postForm(endpoint, {
      grant_type: 'authorization_code',
      code: answer.code,
      redirect_uri: answer.redirectUri,
      client_id: client.client_id ?? '',
      ...(client.client_secret !== null && { client_secret: isApple ? await appleSecret(found) : client.client_secret }),
      ...(!isApple && { code_verifier: answer.verifier }),
    });
    if (typeof tokens.id_token !== 'string') throw new OAuthFault('The provider sent no id token.');
    return this.identityByToken(found, tokens.id_token, { nonce: answer.nonce, isRedirect: true });
  }

  /** @throws OAuthFault if the token is invalid */
  async identityByToken(
    found: ClientWithProvider,
    idToken: string,
    { nonce, isRedirect = false }: { readonly nonce?: string | undefined; readonly isRedirect?: boolean },
  ): Promise<Identity> {
    if (idToken.length > longestToken) throw new OAuthFault('The id token is too long.');
    const { client, provider } = found;
    const { jwtVerify } = await import('jose');
    const { issuer, jwks_uri: jwks } = await this.discovery(found);
    const issuers = provider.provider_name === 'apple' ? ['https://appleid.apple.com', 'https://account.apple.com', issuer] : [issuer];
    const audience = audienceOf(found);
    if (audience === undefined && !ownIssuers.has(provider.provider_name)) throw new OAuthFault('The OAuth client has no client id.');
    const verified = await jwtVerify(idToken, await this.#keySet(jwks), {
      algorithms,
      issuer: provider.provider_name === 'google' ? [issuer, 'accounts.google.com'] : issuers,
      requiredClaims: ['sub', 'exp', ...(audience === undefined ? [] : ['aud'])],
      ...(audience !== undefined && { audience }),
    }).catch((error: unknown) => {
      throw new OAuthFault(`The id token is not valid: ${error instanceof Error ? error.message : String(error)}`);
    });
    const { payload } = verified;
    // Google's buttons create nonces that pages do not know; in the redirect flow, the nonce is this server's own.
    if (isRedirect || provider.provider_name !== 'google') checkNonce(payload.nonce, nonce);
    if (typeof payload.sub !== 'string' || payload.sub === '') throw new OAuthFault('The id token does not say who the user is.');
    const mayBeUnverified = isObject(client.meta) && client.meta.allowUnverifiedEmail === true && client.client_secret === null;
    const isVerified = payload.email_verified === true || payload.email_verified === 'true' || mayBeUnverified;
    return {
      provider: provider.id,
      sub: payload.sub,
      email: isVerified && typeof payload.email === 'string' ? payload.email : undefined,
      imageURL: typeof payload.picture === 'string' ? payload.picture : undefined,
    };
  }

  /** @throws OAuthFault */
  async discovery({ client, provider }: ClientWithProvider): Promise<Discovery> {
    const endpoint = client.discovery_endpoint ?? discoveryOf[provider.provider_name];
    if (endpoint === undefined) throw new OAuthFault('The OAuth client has no discovery endpoint.');
    const known = this.#discoveries.get(endpoint);
    if (known && performance.now() - known.askedAtMs < keptMs) return known.found;
    const found = this.discoveryAt(endpoint);
    keep(this.#discoveries, endpoint, { askedAtMs: performance.now(), found });
    found.catch(() => this.#discoveries.get(endpoint)?.found === found && this.#discoveries.delete(endpoint));
    return found;
  }

  /** @throws OAuthFault */
  async discoveryAt(endpoint: string): Promise<Discovery> {
    const found = await this.#json(endpoint, {});
    const { issuer, authorization_endpoint: a, token_endpoint: t, jwks_uri: j } = found;
    if (![issuer, a, t, j].every((each) => typeof each === 'string')) throw new OAuthFault('The discovery document is incomplete.');
    if (![a, t, j].every(isWebAddress)) throw new OAuthFault('The discovery document has an endpoint that is no URL of the web.');
    return found as unknown as Discovery;
  }

  async #keySet(url: string): Promise<KeySet> {
    const known = this.#keys.get(url);
    if (known) return known;
    const { createRemoteJWKSet, customFetch } = await import('jose');
    const keys = createRemoteJWKSet(new URL(url), {
      [customFetch]: (at: string) => this.#fetch(at, { headers: { accept: 'application/json' } }),
    });
    keep(this.#keys, url, keys);
    return keys;
  }

  async #githubIdentity({ client, provider }: ClientWithProvider, { code, redirectUri }: CodeAnswer): Promise<Identity> {
    const form = { client_id: client.client_id ?? '', client_secret: client.client_secret ?? '', code, redirect_uri: redirectUri };
    const { access_token: token } = await this.#postForm('https://github.com/login/oauth/access_token', form);
    if (typeof token !== 'string') throw new OAuthFault('GitHub sent no access token.');
    const headers = { authorization: `Bearer ${token}`, 'user-agent': 'triplane' };
    const [user, emails] = await Promise.all([
      this.#json('https://api.github.com/user', { headers }),
      this.#list('https://api.github.com/user/emails', { headers }),
    ]);
    if (typeof user.id !== 'number' && typeof user.id !== 'string') throw new OAuthFault('GitHub did not say who the user is.');
    const verified = emails.filter(isObject).filter(({ verified: isVerified }) => isVerified === true);
    const email = (verified.find(({ primary }) => primary === true) ?? verified[0])?.email;
    return {
      provider: provider.id,
      sub: String(user.id),
      email: typeof email === 'string' ? email : undefined,
      imageURL: typeof user.avatar_url === 'string' ? user.avatar_url : undefined,
    };
  }

  async #postForm(url: string, form: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#json(url, { method: 'POST', headers, body: new URLSearchParams(form).toString() });
  }

  async #json(url: string, options: Parameters<Outbound>[1]): Promise<Readonly<Record<string, unknown>>> {
    const found = await this.#request(url, options);
    if (!isObject(found)) throw new OAuthFault('The provider answered what cannot be read.');
    return found;
  }

  async #list(url: string, options: Parameters<Outbound>[1]): Promise<readonly unknown[]> {
    const found = await this.#request(url, options);
    return Array.isArray(found) ? (found as readonly unknown[]) : [];
  }

  async #request(url: string, options: Parameters<Outbound>[1] = {}): Promise<unknown> {
    try {
      const answer = await this.#fetch(url, { ...options, headers: { accept: 'application/json', ...options.headers } });
      if (!answer.ok) throw new OAuthFault(`The provider answered ${answer.status}.`);
      return await answer.json();
    } catch (error) {
      if (error instanceof OAuthFault) throw error;
      throw new OAuthFault('The provider could not be reached.', { cause: error });
    }
  }
}

/** The oldest one goes if there are too many. */
function keep<T>(all: Map<string, T>, name: string, value: T): void {
  all.delete(name);
  all.set(name, value);
  for (const oldest of all.keys()) if (all.size > mostKept) all.delete(oldest);
}

function isWebAddress(given: unknown): boolean {
  return typeof given === 'string' && URL.canParse(given) && /^https?:$/.test(new URL(given).protocol);
}

function audienceOf({ client, provider }: ClientWithProvider): string | undefined {
  // No audience is compared with an empty one.
  if (client.client_id !== null && client.client_id !== '') return client.client_id;
  const project = isObject(client.meta) ? client.meta.firebaseProjectId : undefined;
  return provider.provider_name === 'firebase' && typeof project === 'string' ? project : undefined;
}

/** @throws OAuthFault */
function checkNonce(claimed: unknown, nonce: string | undefined): void {
  if (claimed === undefined && nonce === undefined) return;
  const isSame = nonce !== undefined && (claimed === nonce || claimed === createHash('sha256').update(nonce).digest('hex'));
  if (!isSame) throw new OAuthFault('The nonces do not match.');
}

/** Apple requires a client secret signed with the key, valid for a few minutes. */
async function appleSecret({ client }: ClientWithProvider): Promise<string> {
  const { importPKCS8, SignJWT } = await import('jose');
  const { teamId, keyId } = (client.meta ?? {}) as { teamId?: unknown; keyId?: unknown };
  if (typeof teamId !== 'string' || typeof keyId !== 'string') throw new OAuthFault('The Apple client needs teamId and keyId in meta.');
  const key = await importPKCS8(client.client_secret ?? '', 'ES256').catch((cause: unknown) => {
    throw new OAuthFault('The secret of the Apple client is no private key.', { cause });
  });
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setIssuer(teamId)
    .setSubject(client.client_id ?? '')
    .setAudience('https://appleid.apple.com')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key);
}

function withParams(endpoint: string, params: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return url.toString();
}
