// OAuth sign-in for one app. The user is sent to the provider with a state and a cookie, returns with a code, and is sent on to the app's
// page with a code of this server, which the page exchanges for a token. States and codes are stored as hashes, expire within minutes, and
// are valid once: any failure after one was found consumes it.

import { createHash } from 'node:crypto';
import type { Clock } from '../../../lib/clock.ts';
import { isUuid } from '../../../lib/uuid.ts';
import type { LedgerState } from '../../data/write.ts';
import { invalid, overLimit, recordExpired, recordNotFound, rejection } from '../../errors.ts';
import { networkOf } from '../../client-address.ts';
import { Bucket } from '../../rules/rate-limits.ts';
import type { Records } from '../../storage/storage.ts';
import { ageByClock, type Moment, momentOf } from '../../data/age.ts';
import { submit, whenDurable } from '../../data/submit.ts';
import { serverActor } from '../../data/system-rules.ts';
import type { App } from '../../session/app.ts';
import type { Accounts, SignedIn } from '../accounts.ts';
import { hashToken, isSameSecret, newToken } from '../secrets.ts';
import { clientNamed, type ClientWithProvider, isRedirectAllowed, type OAuthConfig, oauthOf, oauthRecord } from './oauth-config.ts';
import { type Identity, OAuthFault, type Providers } from './providers.ts';

export interface StartRequest {
  readonly clientName: string;
  readonly redirectUri: string;
  readonly state?: string | undefined;
  readonly codeChallenge?: string | undefined;
  readonly codeChallengeMethod?: string | undefined;
  readonly hd?: string | undefined;
  /** The address it comes from. */
  readonly from: string;
}

export interface TokenRequest {
  readonly code: string;
  readonly codeVerifier?: string | undefined;
  readonly origin?: string | undefined;
  /** The address it comes from. */
  readonly from: string;
  readonly refreshToken?: string | undefined;
  readonly extraFields?: Readonly<Record<string, unknown>> | undefined;
}

export interface IdTokenRequest {
  readonly clientName: string;
  readonly idToken: string;
  readonly nonce?: string | undefined;
  readonly origin?: string | undefined;
  /** The address it comes from. */
  readonly from: string;
  readonly refreshToken?: string | undefined;
  readonly extraFields?: Readonly<Record<string, unknown>> | undefined;
}

interface Pending extends Moment {
  readonly client: string;
  readonly cookieHash: string;
  readonly redirectUri: string;
  readonly callbackUri: string;
  readonly state: string | null;
  readonly challenge: string | null;
  readonly method: string | null;
  readonly nonce: string;
  readonly verifier: string;
}

interface Code extends Moment {
  /** Id of the row, if an admin wrote it. */
  readonly id?: string;
  readonly identity: Identity;
  readonly challenge: string | null;
  readonly method: string | null;
}

const minute = 60_000;
/** Characters of each text that is kept while the user is at the provider. */
const mostKept = 4096;
/** Expiry is rounded to whole minutes. */
const stateMinutes = 10;
const codeMinutes = 5;
const statePrefix = 'oauth-state ';
const codePrefix = 'oauth-code ';

/** `null`: the code has been used. */
export const signInCodeRecord = (hash: string, code: Code | null): Records => ({ [codePrefix + hash]: code });

/** Pending sign-ins: codes to be exchanged for tokens, and users who are at a provider. */
export function waitingSignIns(records: ReadonlyMap<string, unknown>) {
  const hashed = <T>(prefix: string): (T & { readonly hash: string })[] =>
    [...records].flatMap(([name, value]) => (name.startsWith(prefix) ? [{ ...(value as T), hash: name.slice(prefix.length) }] : []));
  const codes = hashed<Code>(codePrefix).map(({ id, hash, at, challenge, method, identity }) => {
    return { ...(id !== undefined && { id }), hash, at, codeChallenge: challenge, codeChallengeMethod: method, userInfo: { ...identity } };
  });
  const redirects = hashed<Pending>(statePrefix).map(({ hash, at, client, cookieHash, redirectUri, challenge, method }) => {
    return { hash, at, client, cookieHash, redirectUrl: redirectUri, codeChallenge: challenge, codeChallengeMethod: method };
  });
  return { codes, redirects };
}

export class OAuth {
  readonly #app: App;
  readonly #accounts: Accounts;
  readonly #providers: Providers;
  readonly #clock: Clock;
  readonly #starting: Bucket;
  #sweptAt = -Infinity;

  constructor(app: App, accounts: Accounts, providers: Providers, clock: Clock) {
    this.#app = app;
    this.#accounts = accounts;
    this.#providers = providers;
    this.#clock = clock;
    const capacity = app.limits.oauthStarts;
    const limit = { capacity, amount: capacity, periodMs: stateMinutes * minute, isGreedy: false };
    this.#starting = new Bucket([limit], clock, app.spending, 'sign-ins by redirect');
  }

  config(): Promise<OAuthConfig> {
    return whenDurable(this.#app.ledger, () => oauthOf(this.#app.ledger.records));
  }

  /** @throws InstantAPIError thrown by `change`; nothing is changed in that case */
  async configure(change: (config: OAuthConfig) => OAuthConfig): Promise<void> {
    const planned = ({ records }: LedgerState) => ({ steps: [], records: { [oauthRecord]: change(oauthOf(records)) } });
    await submit(this.#app.ledger, { steps: planned, event: undefined, actor: serverActor });
  }

  /** @returns the URL to redirect the user to, and the cookie expected back. @throws InstantAPIError */
  async start(request: StartRequest): Promise<{ readonly url: string; readonly cookie: string }> {
    const config = await this.config();
    const found = this.#client(config, request.clientName);
    for (const field of ['redirectUri', 'state', 'codeChallenge'] as const) {
      if ((request[field]?.length ?? 0) > mostKept) throw overLimit('nameLength', mostKept, `characters of ${field}`);
    }
    if (!isRedirectAllowed(config.origins, request.redirectUri)) {
      const message = "Invalid redirect_uri. If you're the developer, make sure to add your website to the list of approved domains.";
      throw invalid('redirect-uri', request.redirectUri, [{ message }]);
    }
    await Bucket.take([[this.#starting, networkOf(request.from)]]);
    const [secret, cookie, nonce, verifier] = [newToken(), newToken(), newToken(), newToken() + newToken()];
    const state = this.#app.id + secret;
    const callbackUri = found.client.redirect_to ?? `${this.#app.origin}/runtime/oauth/callback`;
    const url = await told(this.#providers.authorizationUrl(found, { state, redirectUri: callbackUri, nonce, verifier, hd: request.hd }));
    const pending: Omit<Pending, keyof Moment> = {
      ...{ client: found.client.client_name, cookieHash: hashToken(cookie), redirectUri: request.redirectUri, callbackUri },
      ...{ state: request.state ?? null, challenge: request.codeChallenge ?? null, method: request.codeChallengeMethod ?? null },
      ...{ nonce, verifier },
    };
    await this.#keep((state) => ({ [statePrefix + hashToken(secret)]: { ...pending, ...momentOf(state) } }));
    return { url, cookie };
  }

  /** Handles the user's return. @returns where to redirect them. @throws OAuthFault while the redirect target is unknown */
  async callback(secret: string, cookie: string | undefined, answer: { readonly code?: string | undefined }): Promise<string> {
    if (cookie === undefined || !isUuid(cookie)) throw new OAuthFault('Missing cookie.');
    const pending = await this.#take<Pending>(statePrefix + hashToken(secret));
    if (!pending) throw new OAuthFault('Could not find OAuth request.');
    if (!isSameSecret(pending.cookieHash, hashToken(cookie))) throw new OAuthFault('Mismatch in OAuth request cookie.');
    if (isOver(pending, this.#clock.now(), stateMinutes)) throw new OAuthFault('The request is expired.');
    const back = new URL(pending.redirectUri);
    back.searchParams.set('_instant_oauth_redirect', 'true');
    if (pending.state !== null) back.searchParams.set('state', pending.state);
    try {
      if (answer.code === undefined) throw new OAuthFault('Missing code param in OAuth redirect.');
      const found = this.#client(await this.config(), pending.client);
      const { nonce, verifier, callbackUri: redirectUri } = pending;
      const identity = await this.#providers.identityByCode(found, { code: answer.code, redirectUri, nonce, verifier });
      const code = newToken();
      const { challenge, method } = pending;
      await this.#keep((state) => {
        const made: Code = { identity, challenge, method, ...momentOf(state) };
        return { [codePrefix + hashToken(code)]: made };
      });
      back.searchParams.set('code', code);
    } catch (error) {
      back.searchParams.set('error', error instanceof OAuthFault ? error.message : 'Something went wrong.');
    }
    return back.toString();
  }

  /** @throws InstantAPIError */
  async token({ code: given, codeVerifier, refreshToken, extraFields, from, origin }: TokenRequest): Promise<SignedIn> {
    const code = await this.#take<Code>(codePrefix + hashToken(given));
    const lookedUp = { 'app-id': this.#app.id };
    if (!code) throw recordNotFound('app-oauth-code', lookedUp);
    if (isOver(code, this.#clock.now(), codeMinutes)) throw recordExpired('app-oauth-code', lookedUp);
    await this.#checkOrigin(origin);
    checkVerifier(code, codeVerifier);
    return this.#accounts.signInByIdentity(code.identity, { guestToken: refreshToken, extraFields, from, origin });
  }

  /** @throws InstantAPIError */
  async idToken({ clientName, idToken, nonce, refreshToken, extraFields, from, origin }: IdTokenRequest): Promise<SignedIn> {
    const found = this.#client(await this.config(), clientName);
    await this.#checkOrigin(origin);
    if (found.provider.provider_name === 'github') {
      throw invalid('id_token', null, [{ message: 'GitHub OAuth does not support ID tokens.' }]);
    }
    const identity = await told(this.#providers.identityByToken(found, idToken, { nonce }));
    return this.#accounts.signInByIdentity(identity, { guestToken: refreshToken, extraFields, from, origin, reuseToken: true });
  }

  #client(config: OAuthConfig, name: string): ClientWithProvider {
    const found = clientNamed(config, name);
    if (found) return found;
    const args = [{ 'app-id': this.#app.id, 'client-name': name }];
    throw rejection('record-not-found', 'Record not found: app-oauth-client', { args, 'record-type': 'app-oauth-client' });
  }

  async #checkOrigin(origin: string | undefined): Promise<void> {
    if (origin === undefined || isRedirectAllowed((await this.config()).origins, origin)) return;
    throw invalid('origin', origin, [{ message: 'Unauthorized origin.' }]);
  }

  /** Stores an entry, and now and then drops expired ones: an app has a record for each token, too. */
  async #keep(records: (state: LedgerState) => Records): Promise<void> {
    const now = this.#clock.monotonicNow();
    const isDue = now - this.#sweptAt >= minute;
    if (isDue) this.#sweptAt = now;
    const planned = (state: LedgerState) => {
      const old: Record<string, null> = {};
      for (const [name, value] of isDue ? state.records : []) {
        const isOurs = name.startsWith(statePrefix) || name.startsWith(codePrefix);
        if (isOurs && isOver(value as Moment, state.now, 2 * stateMinutes)) old[name] = null;
      }
      return { steps: [], records: { ...old, ...records(state) } };
    };
    await submit(this.#app.ledger, { steps: planned, event: undefined, actor: serverActor });
  }

  /** Consumes the entry: a second call finds nothing. */
  async #take<T>(name: string): Promise<T | undefined> {
    let found: T | undefined;
    const planned = ({ records }: LedgerState) => {
      found = records.get(name) as T | undefined;
      return { steps: [], ...(found !== undefined && { records: { [name]: null } }) };
    };
    await submit(this.#app.ledger, { steps: planned, event: undefined, actor: serverActor });
    return found;
  }
}

/** Reports a provider's failure as an error of the request. */
async function told<T>(run: Promise<T>): Promise<T> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof OAuthFault) throw invalid('id_token', null, [{ message: error.message }]);
    throw error;
  }
}

function isOver(then: Moment, now: number, minutes: number): boolean {
  return Math.floor(ageByClock(then, now) / minute) > minutes;
}

/** @throws InstantAPIError */
function checkVerifier({ challenge, method }: Code, verifier: string | undefined): void {
  const fault = verifierFault(challenge, method, verifier);
  if (fault !== undefined) throw invalid('app-oauth-code', verifier === undefined ? { code_verifier: null } : null, [{ message: fault }]);
}

function verifierFault(challenge: string | null, method: string | null, verifier: string | undefined): string | undefined {
  if (challenge === null) {
    return verifier === undefined ? undefined : 'The code_verifier was provided, but no code_challenge was provided.';
  }
  if (verifier === undefined) return 'The code_challenge was provided, but no code_verifier was provided.';
  const mismatch = 'The code_challenge and code_verifier do not match.';
  switch (method) {
    case 'S256':
      if (!/^[\w-]+={0,2}$/.test(challenge)) return 'Invalid code_verifier. Expected a url-safe Base64 string.';
      return isSameSecret(createHash('sha256').update(verifier).digest('base64url'), challenge.replace(/=+$/, '')) ? undefined : mismatch;
    case 'plain':
      return isSameSecret(verifier, challenge) ? undefined : mismatch;
    default:
      return 'Unknown code challenge method.';
  }
}
