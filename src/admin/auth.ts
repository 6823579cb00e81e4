// Users and their tokens, as a server manages them: `db.auth`. All but `verifyToken` need the admin token, and none honours impersonation.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { AuthToken, User } from '../types/auth.ts';
import type { UpdateParams } from '../types/transaction.ts';
import type { CallOpts } from './api.ts';
import type { Context } from './context.ts';
import { readUserCookie } from './cookie.ts';

/** How a user is named. */
export type UserSelector = { email: string } | { id: string } | { refresh_token: string };

export class Auth<Schema extends AnySchemaDef> {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Makes a magic code without sending it, for programs that send their own mail.
   *
   * @throws InstantAPIError
   * @example
   * const { code } = await db.auth.generateMagicCode('ana@example.com');
   */
  generateMagicCode = async (email: string, opts?: CallOpts): Promise<{ code: string }> => this.#code('/admin/magic_code', email, opts);

  /**
   * Makes a magic code and has the server send it.
   *
   * @throws InstantAPIError with status 429 after 20 codes an hour for one address
   * @example
   * await db.auth.sendMagicCode('ana@example.com');
   */
  sendMagicCode = async (email: string, opts?: CallOpts): Promise<{ code: string }> => this.#code('/admin/send_magic_code', email, opts);

  /** @deprecated Use `checkMagicCode`, which also tells whether the user is new. */
  verifyMagicCode = async (email: string, code: string, opts?: CallOpts): Promise<User> =>
    (await this.checkMagicCode(email, code, opts)).user;

  /**
   * Consumes a magic code. A user who does not exist is created, with the extra fields.
   *
   * @throws InstantAPIError of type 'record-not-found' for a wrong code, 'record-expired' for an old one
   * @example
   * const { user, created } = await db.auth.checkMagicCode('ana@example.com', '123456', { extraFields: { nickname: 'ana' } });
   */
  checkMagicCode = async (
    email: string,
    code: string,
    options?: { extraFields?: UpdateParams<Schema, '$users'> } & CallOpts,
  ): Promise<{ user: User; created: boolean }> => {
    const { extraFields, ...opts } = options ?? {};
    const body = { email, code, ...(extraFields && { 'extra-fields': extraFields }) };
    const result = await this.#post('/admin/verify_magic_code', body, opts);
    return { user: readUser(result, 'user'), created: isObject(result) && result['created'] === true };
  };

  /**
   * Makes a refresh token for a user, who is created if missing. Tokens made before stay valid.
   *
   * @throws InstantAPIError
   * @example
   * const token = await db.auth.createToken({ email: 'ana@example.com' });
   */
  createToken: {
    (user: { email: string } | { id: string }, opts?: CallOpts): Promise<AuthToken>;
    /** @deprecated Pass an object: `createToken({ email })`. */
    (email: string, opts?: CallOpts): Promise<AuthToken>;
  } = async (user: string | { email: string } | { id: string }, opts?: CallOpts): Promise<AuthToken> => {
    const result = await this.#post('/admin/refresh_tokens', typeof user === 'string' ? { email: user } : user, opts);
    const token = isObject(result) && isObject(result['user']) ? result['user']['refresh_token'] : undefined;
    if (typeof token === 'string') return token;
    throw new TriplaneError('server-failed', 'createToken: the response of the server has no refresh_token');
  };

  /**
   * The user a refresh token belongs to. Needs no admin token.
   *
   * @throws InstantAPIError of type 'record-not-found' for a token that is not valid
   * @example
   * const user = await db.auth.verifyToken(request.headers.get('token'));
   */
  verifyToken = async (token: AuthToken, opts?: CallOpts): Promise<User> => {
    const body = { 'app-id': this.#context.config.appId, 'refresh-token': token };
    const path = '/runtime/auth/verify_refresh_token';
    return readUser(await this.#context.callAsNobody({ method: 'POST', path, body, isIdempotent: true, opts }), 'user');
  };

  /**
   * A user by id, email or refresh token; null if there is none.
   *
   * @throws InstantAPIError
   * @example
   * const user = await db.auth.getUser({ email: 'ana@example.com' });
   */
  getUser = async (user: UserSelector, opts?: CallOpts): Promise<Omit<User, 'refresh_token'> | null> => {
    const result = await this.#context.callAsAdmin({
      method: 'GET',
      path: '/admin/users',
      query: selectorOf(user),
      isIdempotent: true,
      opts,
    });
    return readUserOrNull(result, 'user');
  };

  /**
   * Deletes a user and what links to the user by a cascade. Other data stays.
   *
   * @returns the user as it was; null if there was none
   * @throws InstantAPIError
   * @example
   * await db.auth.deleteUser({ email: 'ana@example.com' });
   */
  deleteUser = async (user: UserSelector, opts?: CallOpts): Promise<User | null> => {
    const result = await this.#context.callAsAdmin({
      method: 'DELETE',
      path: '/admin/users',
      query: selectorOf(user),
      isIdempotent: false,
      opts,
    });
    return readUserOrNull(result, 'deleted');
  };

  /**
   * Revokes refresh tokens: all of a user's, or the one that is given.
   *
   * @throws InstantAPIError for an email that belongs to no user
   * @example
   * await db.auth.signOut({ email: 'ana@example.com' });
   */
  signOut: {
    (user: UserSelector, opts?: CallOpts): Promise<void>;
    /** @deprecated Pass an object: `signOut({ email })`. */
    (email: string, opts?: CallOpts): Promise<void>;
  } = async (user: string | UserSelector, opts?: CallOpts): Promise<void> => {
    await this.#post('/admin/sign_out', typeof user === 'string' ? { email: user } : selectorOf(user), opts, true);
  };

  /**
   * The user whose cookie a request carries, as `createInstantRouteHandler` sets it; null without a cookie.
   *
   * @param opts `disableValidation`: trust the cookie without asking the server
   * @throws InstantAPIError for a token that is not valid any more
   * @example
   * const user = await db.auth.getUserFromRequest(request);
   */
  getUserFromRequest = async (req: Request, opts?: { disableValidation?: boolean } & CallOpts): Promise<User | null> => {
    const user = readUserCookie(req.headers.get('cookie') ?? '', this.#context.config.appId);
    if (!user) return null;
    return opts?.disableValidation ? user : this.verifyToken(user.refresh_token, opts);
  };

  async #code(path: string, email: string, opts: CallOpts | undefined): Promise<{ code: string }> {
    const result = await this.#post(path, { email }, opts);
    if (isObject(result) && typeof result['code'] === 'string') return { ...result, code: result['code'] };
    throw new TriplaneError('server-failed', 'The response of the server has no code');
  }

  #post(path: string, body: unknown, opts: CallOpts | undefined, isIdempotent = false): Promise<unknown> {
    return this.#context.callAsAdmin({ method: 'POST', path, body, isIdempotent, opts });
  }
}

/** The keys that have a value: `undefined` would be sent as a word. */
/** @throws TriplaneError 'config-invalid' for what is no object */
function selectorOf(user: UserSelector): Record<string, string> {
  if (!isObject(user)) throw new TriplaneError('config-invalid', 'A user is named by an object with one of email, id and refresh_token');
  return Object.fromEntries(Object.entries(user).filter(([, value]) => value !== undefined && value !== null));
}

function readUser(result: unknown, key: string): User {
  const user = readUserOrNull(result, key);
  if (user) return user;
  throw new TriplaneError('server-failed', 'The response of the server has no user');
}

function readUserOrNull(result: unknown, key: string): User | null {
  const user = isObject(result) ? result[key] : undefined;
  return isObject(user) && typeof user['id'] === 'string' ? (user as User) : null;
}
