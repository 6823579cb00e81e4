// The calls of the authentication API, one function each. Stateless: the client's account module stores the user. The only token used is
// the one passed in. PROTOCOL.md#init

import { InstantAPIError, TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type {
  CheckMagicCodeParams,
  CheckMagicCodeResponse,
  ExchangeCodeForTokenParams,
  SendMagicCodeParams,
  SendMagicCodeResponse,
  SignInAsGuestParams,
  SignInWithIdTokenParams,
  SignoutOpts,
  SignoutParams,
  User,
  VerifyMagicCodeParams,
  VerifyRefreshTokenParams,
  VerifyResponse,
} from '../types/auth.ts';
import { checkParams } from './params.ts';
import { type AppConfig, request } from './request.ts';

/** Requests a magic code by e-mail. */
export async function sendMagicCode(app: AppConfig, params: SendMagicCodeParams): Promise<SendMagicCodeResponse> {
  checkParams('sendMagicCode', params, { email: 'typed' });
  await post(app, '/runtime/auth/send_magic_code', { 'app-id': app.appId, email: params.email });
  return { sent: true };
}

/** Signs in with a magic code. With a guest's token, the guest account becomes the user's account. */
export async function checkMagicCode(app: AppConfig, params: CheckMagicCodeParams): Promise<CheckMagicCodeResponse> {
  checkParams('signInWithMagicCode', params, { email: 'typed', code: 'typed', refreshToken: 'text?', extraFields: 'fields?' });
  const response = await post(app, '/runtime/auth/verify_magic_code', {
    'app-id': app.appId,
    email: params.email,
    code: params.code,
    'refresh-token': params.refreshToken || undefined,
    'extra-fields': params.extraFields ?? undefined,
  });
  return readSignIn(response);
}

/** @deprecated Use `checkMagicCode`, which also returns whether the user is new. */
export async function verifyMagicCode(app: AppConfig, params: VerifyMagicCodeParams): Promise<VerifyResponse> {
  return checkMagicCode(app, params);
}

/** Returns the user of a refresh token. Rejects if the token is invalid. */
export async function verifyRefreshToken(app: AppConfig, params: VerifyRefreshTokenParams): Promise<VerifyResponse> {
  checkParams('signInWithToken', params, { refreshToken: 'text' });
  const response = await post(app, '/runtime/auth/verify_refresh_token', { 'app-id': app.appId, 'refresh-token': params.refreshToken });
  return { user: readUser(response) };
}

/** Creates a user without an e-mail address. */
export async function signInAsGuest(app: AppConfig, params: SignInAsGuestParams = {}): Promise<VerifyResponse> {
  checkParams('signInAsGuest', params, { extraFields: 'fields?' });
  const response = await post(app, '/runtime/auth/sign_in_guest', { 'app-id': app.appId, 'extra-fields': params.extraFields ?? undefined });
  return { user: readUser(response) };
}

/** Signs in with the code of an OAuth redirect. */
export async function exchangeCodeForToken(app: AppConfig, params: ExchangeCodeForTokenParams): Promise<CheckMagicCodeResponse> {
  checkParams('exchangeOAuthCode', params, { code: 'text', codeVerifier: 'text?', refreshToken: 'text?', extraFields: 'fields?' });
  const response = await post(app, '/runtime/oauth/token', {
    app_id: app.appId,
    code: params.code,
    code_verifier: params.codeVerifier ?? undefined,
    refresh_token: params.refreshToken || undefined,
    extra_fields: params.extraFields ?? undefined,
  });
  return readSignIn(response);
}

/** Signs in with an id token of an OAuth provider. */
export async function signInWithIdToken(app: AppConfig, params: SignInWithIdTokenParams): Promise<CheckMagicCodeResponse> {
  const kinds = { idToken: 'text', clientName: 'text', nonce: 'text?', refreshToken: 'text?', extraFields: 'fields?' } as const;
  checkParams('signInWithIdToken', params, kinds);
  const { refreshToken, ...rest } = params;
  try {
    return await postIdToken(app, params);
  } catch (error) {
    // The token of a previous user is invalid: sign in without upgrading that user.
    if (!refreshToken || !isUnknownUser(error)) throw error;
    return postIdToken(app, rest);
  }
}

async function postIdToken(app: AppConfig, params: SignInWithIdTokenParams): Promise<CheckMagicCodeResponse> {
  const response = await post(app, '/runtime/oauth/id_token', {
    app_id: app.appId,
    client_name: params.clientName,
    id_token: params.idToken,
    nonce: params.nonce ?? undefined,
    refresh_token: params.refreshToken || undefined,
    extra_fields: params.extraFields ?? undefined,
  });
  return readSignIn(response);
}

/** The user is signed out on the device already, and waits for nothing else. */
const signOutTimeoutMs = 5_000;

/** Invalidates the token; with `invalidateToken: false`, sends no request. */
export async function signOut(app: AppConfig, params: SignoutParams & SignoutOpts): Promise<void> {
  if (params.invalidateToken === false) return;
  checkParams('signOut', params, { refreshToken: 'text' });
  const body = { app_id: app.appId, refresh_token: params.refreshToken };
  await request(app, { method: 'POST', path: '/runtime/signout', body, timeoutMs: signOutTimeoutMs });
}

/** Whether a call failed because its token belongs to no user. */
export function isUnknownUser(error: unknown): boolean {
  if (!(error instanceof InstantAPIError) || error.type !== 'record-not-found') return false;
  return isObject(error.hint) && error.hint['record-type'] === 'app-user';
}

function post(app: AppConfig, path: string, body: unknown): Promise<unknown> {
  return request(app, { method: 'POST', path, body });
}

function readSignIn(response: unknown): CheckMagicCodeResponse {
  const rest = isObject(response) ? response : {};
  return { ...rest, user: readUser(response), created: rest['created'] === true };
}

/** Some servers omit `isGuest`. */
function readUser(response: unknown): User {
  const user = isObject(response) ? response['user'] : undefined;
  if (isUser(user)) return { ...user, isGuest: user.isGuest ?? user.type === 'guest' };
  throw new TriplaneError('server-failed', 'The response contains no user with an id and a refresh_token; sign-in failed');
}

function isUser(value: unknown): value is Omit<User, 'isGuest'> & Partial<User> {
  return isObject(value) && typeof value['id'] === 'string' && typeof value['refresh_token'] === 'string';
}
