// Signing people in and out: `db.auth`. The calls to the server are in http/; who is signed in is known to the Reactor.

import type { ResolvedConfig } from './config.ts';
import * as oauth from '../http/oauth.ts';
import { type HttpCalls, loadHttp } from './lazy-features.ts';
import { id } from '../lib/uuid.ts';
import type { Reactor } from '../reactor/reactor.ts';
import { type Abortable, throwIfAborted } from '../lib/abort.ts';
import type {
  AuthToken,
  CheckMagicCodeParams,
  CheckMagicCodeResponse,
  CreateAuthorizationURLParams,
  ExchangeCodeForTokenParams,
  SendMagicCodeParams,
  SendMagicCodeResponse,
  SignInAsGuestParams,
  SignInWithIdTokenParams,
  SignoutOpts,
  User,
  VerifyResponse,
} from '../types/auth.ts';

/** The app, and the signal that ends the call. */
type CallContext = ResolvedConfig & { readonly signal: AbortSignal };

export class Auth {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
  }

  /**
   * Sends a code to an e-mail address; `signInWithMagicCode` takes it.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.sendMagicCode({ email: 'ana@example.com' });
   */
  sendMagicCode = (params: SendMagicCodeParams, opts?: Abortable): Promise<SendMagicCodeResponse> =>
    this.#call(opts, (calls) => calls.sendMagicCode, params);

  /**
   * Signs in with the code from the mail. A guest who is signed in becomes that user.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithMagicCode({ email: 'ana@example.com', code: '123456' });
   */
  signInWithMagicCode = (params: CheckMagicCodeParams, opts?: Abortable): Promise<CheckMagicCodeResponse> =>
    this.#call(opts, (calls) => calls.checkMagicCode, params);

  /**
   * Signs in with a refresh token, such as one made on a server of your own.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithToken(token);
   */
  signInWithToken = (token: AuthToken, opts?: Abortable): Promise<VerifyResponse> =>
    this.#call(opts, (calls) => calls.verifyRefreshToken, { refreshToken: token });

  /**
   * Signs in as a new user without an e-mail address.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInAsGuest();
   */
  signInAsGuest = (params: SignInAsGuestParams = {}, opts?: Abortable): Promise<VerifyResponse> =>
    this.#call(opts, (calls) => calls.signInAsGuest, params);

  /**
   * The address to send someone to who signs in with an OAuth provider.
   *
   * @example
   * const url = db.auth.createAuthorizationURL({ clientName: 'google', redirectURL: window.location.href });
   */
  createAuthorizationURL = (params: CreateAuthorizationURLParams): string => {
    const { extraFields, ...rest } = params;
    if (!extraFields) return oauth.createAuthorizationURL(this.#app, rest);
    this.#reactor.assertOpen();
    const extraFieldsId = id();
    this.#reactor.run([{ do: 'store', edits: [{ put: oauth.extraFieldsKey(extraFieldsId), value: extraFields }] }]);
    return oauth.createAuthorizationURL(this.#app, { ...rest, extraFieldsId });
  };

  /**
   * Signs in with the id token of an OAuth provider.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithIdToken({ clientName: 'google', idToken, nonce });
   */
  signInWithIdToken = (params: SignInWithIdTokenParams, opts?: Abortable): Promise<CheckMagicCodeResponse> =>
    this.#call(opts, (calls) => calls.signInWithIdToken, params);

  /**
   * Signs in with the code an OAuth provider sent someone back with.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.exchangeOAuthCode({ code, codeVerifier });
   */
  exchangeOAuthCode = (params: ExchangeCodeForTokenParams, opts?: Abortable): Promise<CheckMagicCodeResponse> =>
    this.#call(opts, (calls) => calls.exchangeCodeForToken, params);

  /** The address from which tools discover the OAuth parameters of the app. */
  issuerURI = (): string => oauth.issuerURI(this.#app);

  /**
   * Signs out. Writes that wait stay on this device, and go out when the same user signs in again.
   *
   * @example
   * await db.auth.signOut();
   */
  signOut = (opts: SignoutOpts & Abortable = {}): Promise<void> =>
    this.#reactor.call(async (signal) => {
      const { account } = this.#reactor;
      const user = await account.getUser();
      throwIfAborted(signal);
      await account.setUser(undefined);
      if (!user || opts.invalidateToken === false) return;
      // Signed out is signed out here; a server that cannot be told must not undo that.
      try {
        await (await loadHttp()).signOut({ ...this.#app, signal }, { refreshToken: user.refresh_token });
      } catch (error) {
        this.#app.log.info('sign-out', error);
      }
    }, opts.signal);

  /** A guest takes what is theirs along. Whom the server names is signed in; aborted in time, nobody is. */
  #call<Params extends object, Response extends { user: User } | { sent: true }>(
    opts: Abortable | undefined,
    pick: (calls: HttpCalls) => (app: CallContext, params: Params) => Promise<Response>,
    params: Params,
  ): Promise<Response> {
    return this.#reactor.call(async (signal) => {
      const { account } = this.#reactor;
      const run = pick(await loadHttp());
      const before = await account.getUser();
      const response = await run({ ...this.#app, signal }, before?.isGuest ? { refreshToken: before.refresh_token, ...params } : params);
      throwIfAborted(signal);
      if ('user' in response) await account.setUser(response.user);
      return response;
    }, opts?.signal);
  }
}
