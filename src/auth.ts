// Signing people in and out: `db.auth`. The calls to the server are in http/; who is signed in is known to the Reactor.

import type { ResolvedConfig } from './config.ts';
import * as oauth from './http/oauth.ts';
import { id } from './lib/uuid.ts';
import { extraFieldsKey } from './oauth-return.ts';
import type { Reactor } from './reactor/reactor.ts';
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
} from './types/auth.ts';

/** Loaded when somebody signs in or out, which most visits do not see. */
const calls = (): Promise<typeof import('./http/auth.ts')> => import('./http/auth.ts');

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
  sendMagicCode = async (params: SendMagicCodeParams): Promise<SendMagicCodeResponse> => (await calls()).sendMagicCode(this.#app, params);

  /**
   * Signs in with the code from the mail. A guest who is signed in becomes that user.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithMagicCode({ email: 'ana@example.com', code: '123456' });
   */
  signInWithMagicCode = async (params: CheckMagicCodeParams): Promise<CheckMagicCodeResponse> => {
    return this.#signIn(await (await calls()).checkMagicCode(this.#app, { ...(await this.#upgrade()), ...params }));
  };

  /**
   * Signs in with a refresh token, such as one made on a server of your own.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithToken(token);
   */
  signInWithToken = async (token: AuthToken): Promise<VerifyResponse> => {
    return this.#signIn(await (await calls()).verifyRefreshToken(this.#app, { refreshToken: token }));
  };

  /**
   * Signs in as a new user without an e-mail address.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInAsGuest();
   */
  signInAsGuest = async (params?: SignInAsGuestParams): Promise<VerifyResponse> => {
    return this.#signIn(await (await calls()).signInAsGuest(this.#app, params));
  };

  /**
   * The address to send someone to who signs in with an OAuth provider.
   *
   * @example
   * const url = db.auth.createAuthorizationURL({ clientName: 'google', redirectURL: window.location.href });
   */
  createAuthorizationURL = (params: CreateAuthorizationURLParams): string => {
    const { extraFields, ...rest } = params;
    if (!extraFields) return oauth.createAuthorizationURL(this.#app, rest);
    const extraFieldsId = id();
    this.#reactor.run([{ do: 'store', edits: [{ put: extraFieldsKey(extraFieldsId), value: extraFields }] }]);
    return oauth.createAuthorizationURL(this.#app, { ...rest, extraFieldsId });
  };

  /**
   * Signs in with the id token of an OAuth provider.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.signInWithIdToken({ clientName: 'google', idToken, nonce });
   */
  signInWithIdToken = async (params: SignInWithIdTokenParams): Promise<CheckMagicCodeResponse> => {
    return this.#signIn(await (await calls()).signInWithIdToken(this.#app, { ...(await this.#upgrade()), ...params }));
  };

  /**
   * Signs in with the code an OAuth provider sent someone back with.
   *
   * @throws InstantAPIError
   * @example
   * await db.auth.exchangeOAuthCode({ code, codeVerifier });
   */
  exchangeOAuthCode = async (params: ExchangeCodeForTokenParams): Promise<CheckMagicCodeResponse> => {
    return this.#signIn(await (await calls()).exchangeCodeForToken(this.#app, { ...(await this.#upgrade()), ...params }));
  };

  /** The address from which tools discover the OAuth parameters of the app. */
  issuerURI = (): string => oauth.issuerURI(this.#app);

  /**
   * Signs out. Writes that wait stay on this device, and go out when the same user signs in again.
   *
   * @example
   * await db.auth.signOut();
   */
  signOut = async (opts: SignoutOpts = {}): Promise<void> => {
    const user = await this.#reactor.account.getUser();
    await this.#reactor.account.setUser(undefined);
    if (!user || opts.invalidateToken === false) return;
    // Signed out is signed out here; a server that cannot be told must not undo that.
    try {
      await (await calls()).signOut(this.#app, { refreshToken: user.refresh_token });
    } catch (error) {
      this.#app.log.info('sign-out', error);
    }
  };

  async #signIn<Response extends { readonly user: User }>(response: Response): Promise<Response> {
    await this.#reactor.account.setUser(response.user);
    return response;
  }

  /** A guest takes what is theirs along. */
  async #upgrade(): Promise<{ refreshToken?: string }> {
    const user = await this.#reactor.account.getUser();
    return user?.isGuest ? { refreshToken: user.refresh_token } : {};
  }
}
