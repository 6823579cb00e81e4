// `db.auth`: sign-in and sign-out. Requests are in http/; the Reactor knows the signed-in user.

import type { ResolvedConfig } from './config.ts';
import * as oauth from '../http/oauth.ts';
import { type HttpCalls, loadHttp } from './lazy-features.ts';
import { TriplaneError } from '../errors.ts';
import { copyJson } from '../lib/copy-json.ts';
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

/** The app, and the signal that cancels the request. */
type CallContext = ResolvedConfig & { readonly signal: AbortSignal };

type PickCall<Params, Response> = (calls: HttpCalls) => (app: CallContext, params: Params) => Promise<Response>;

export class Auth {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
  }

  /**
   * Sends a sign-in code to an email address, for `signInWithMagicCode`.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.sendMagicCode({ email: 'ana@example.com' });
   */
  sendMagicCode = (params: SendMagicCodeParams, opts?: Abortable): Promise<SendMagicCodeResponse> =>
    this.#call(opts, (calls) => calls.sendMagicCode, params);

  /**
   * Signs in with the code from the email. A signed-in guest becomes that user.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithMagicCode({ email: 'ana@example.com', code: '123456' });
   */
  signInWithMagicCode = (params: CheckMagicCodeParams, opts?: Abortable): Promise<CheckMagicCodeResponse> =>
    this.#upgrade(opts, (calls) => calls.checkMagicCode, params);

  /**
   * Signs in with a refresh token, such as one created by your own server.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithToken(token);
   */
  signInWithToken = (token: AuthToken, opts?: Abortable): Promise<VerifyResponse> =>
    this.#call(opts, (calls) => calls.verifyRefreshToken, { refreshToken: token });

  /**
   * Signs in as a new user without an email address.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInAsGuest();
   */
  signInAsGuest = (params: SignInAsGuestParams = {}, opts?: Abortable): Promise<VerifyResponse> =>
    this.#call(opts, (calls) => calls.signInAsGuest, params);

  /**
   * Returns the URL to redirect the user to for signing in with an OAuth provider.
   *
   * @example
   * const url = db.auth.createAuthorizationURL({ clientName: 'google', redirectURL: window.location.href });
   */
  createAuthorizationURL = (params: CreateAuthorizationURLParams): string => {
    const extraFields = params?.extraFields;
    if (!extraFields) return oauth.createAuthorizationURL(this.#app, params);
    this.#reactor.assertOpen();
    const extraFieldsId = id();
    const url = oauth.createAuthorizationURL(this.#app, params, extraFieldsId);
    // What a store cannot copy would end the storing of everything.
    const value = copyJson(extraFields, (why, at) => new TriplaneError('config-invalid', `extraFields${at}: ${why}`), 'text');
    this.#reactor.run([{ do: 'store', edits: [{ put: oauth.extraFieldsKey(extraFieldsId), value }] }]);
    return url;
  };

  /**
   * Signs in with the id token of an OAuth provider.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithIdToken({ clientName: 'google', idToken, nonce });
   */
  signInWithIdToken = (params: SignInWithIdTokenParams, opts?: Abortable): Promise<CheckMagicCodeResponse> =>
    this.#upgrade(opts, (calls) => calls.signInWithIdToken, params);

  /**
   * Signs in with the code from an OAuth provider's redirect.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.exchangeOAuthCode({ code, codeVerifier });
   */
  exchangeOAuthCode = (params: ExchangeCodeForTokenParams, opts?: Abortable): Promise<CheckMagicCodeResponse> =>
    this.#upgrade(opts, (calls) => calls.exchangeCodeForToken, params);

  /** Returns the URL at which tools discover the app's OAuth parameters. */
  issuerURI = (): string => oauth.issuerURI(this.#app);

  /**
   * Signs out: on this device at once, and on the server if it responds within 5 seconds. Pending writes stay on the device and are sent
   * when the same user signs in again.
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
      if (!user || opts?.invalidateToken === false) return;
      // The local sign-out holds even if the server cannot be reached.
      try {
        await (await loadHttp()).signOut({ ...this.#app, signal }, { refreshToken: user.refresh_token });
      } catch (error) {
        this.#app.log.info('sign-out', error);
      }
    }, opts?.signal);

  /** If the call is aborted in time, the user does not change. */
  #call<Params extends object, Response extends { user: User } | { sent: true }>(
    opts: Abortable | undefined,
    pick: PickCall<Params, Response>,
    params: Params,
    canUpgrade = false,
  ): Promise<Response> {
    return this.#reactor.call(async (signal) => {
      const { account } = this.#reactor;
      const run = pick(await loadHttp());
      const before = canUpgrade ? await account.getUser() : undefined;
      const guest = before?.isGuest ? before : undefined;
      const response = await run({ ...this.#app, signal }, guest ? { refreshToken: guest.refresh_token, ...params } : params);
      throwIfAborted(signal);
      if ('user' in response) await account.setUser(response.user, guest);
      return response;
    }, opts?.signal);
  }

  /** Passes a guest's token along, so that the guest becomes the user. */
  #upgrade<Params extends object, Response extends { user: User }>(
    opts: Abortable | undefined,
    pick: PickCall<Params, Response>,
    params: Params,
  ): Promise<Response> {
    return this.#call(opts, pick, params, true);
  }
}
