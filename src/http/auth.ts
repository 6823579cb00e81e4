// The calls that sign people in and out, one function each. What becomes of the user they give is the session's affair: nothing is
// remembered here, and no token is read but the one that is handed in. PROTOCOL.md#init

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

/** Has a code sent to an e-mail address. */
export async function sendMagicCode(app: AppConfig, params: SendMagicCodeParams): Promise<SendMagicCodeResponse> {
  checkParams('sendMagicCode', params, { email: 'typed' });
  await post(app, '/runtime/auth/send_magic_code', { 'app-id': app.appId, email: params.email });
  return { sent: true };
}

/** Signs in with the code. With a guest's token, the guest becomes the user. */
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

/** @deprecated Use `checkMagicCode`, which also tells whether the user is new. */
export async function verifyMagicCode(app: AppConfig, params: VerifyMagicCodeParams): Promise<VerifyResponse> {
  return checkMagicCode(app, params);
}

/** Whose token this is. Rejects if it is nobody's. */
export async function verifyRefreshToken(app: AppConfig, params: VerifyRefreshTokenParams): Promise<VerifyResponse> {
  checkParams('signInWithToken', params, { refreshToken: 'text' });
  const response = await post(app, '/runtime/auth/verify_refresh_token', { 'app-id': app.appId, 'refresh-token': params.refreshToken });
  return { user: readUser(response) };
}

/** A new user without an e-mail address. */
export async function signInAsGuest(app: AppConfig, params: SignInAsGuestParams = {}): Promise<VerifyResponse> {
  checkParams('signInAsGuest', params, { extraFields: 'fields?' });
  const response = await post(app, '/runtime/auth/sign_in_guest', { 'app-id': app.appId, 'extra-fields': params.extraFields ?? undefined });
  return { user: readUser(response) };
}

/** Signs in with the code that an OAuth provider sent someone back with. */
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

/** Signs in with a token that an OAuth provider issued. */
export async function signInWithIdToken(app: AppConfig, params: SignInWithIdTokenParams): Promise<CheckMagicCodeResponse> {
  const kinds = { idToken: 'text', clientName: 'text', nonce: 'text?', refreshToken: 'text?', extraFields: 'fields?' } as const;
  checkParams('signInWithIdToken', params, kinds);
  const { refreshToken, ...rest } = params;
  try {
    return await postIdToken(app, params);
  } catch (error) {
    // The token of someone who was here before is no help, and no reason to turn them away now.
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

/** Makes the token worthless, unless it is to stay valid: then nothing is asked of the server. */
export async function signOut(app: AppConfig, params: SignoutParams & SignoutOpts): Promise<void> {
  if (params.invalidateToken === false) return;
  checkParams('signOut', params, { refreshToken: 'text' });
  await post(app, '/runtime/signout', { app_id: app.appId, refresh_token: params.refreshToken });
}

/** Whether a call failed because the token it carried is nobody's. */
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

/** Some servers leave out `isGuest`, which programs may rely on. */
function readUser(response: unknown): User {
  const user = isObject(response) ? response['user'] : undefined;
  if (isUser(user)) return { ...user, isGuest: user.isGuest ?? user.type === 'guest' };
  throw new TriplaneError('server-failed', 'The server agreed, but named no user with an id and a refresh_token: no one was signed in');
}

function isUser(value: unknown): value is Omit<User, 'isGuest'> & Partial<User> {
  return isObject(value) && typeof value['id'] === 'string' && typeof value['refresh_token'] === 'string';
}
