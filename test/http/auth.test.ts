// Every call that signs someone in or out: what the server is asked, what the caller gets, what is refused before anything is sent.

import { describe, expect, it } from 'vitest';

import { InstantAPIError } from '../../src/errors.ts';
import * as auth from '../../src/http/auth.ts';
import type { AppConfig } from '../../src/http/request.ts';
import { useRecorder } from './recorder.ts';

const server = useRecorder();
const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const token = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const email = 'mira@example.org';
const extraFields = { nickname: 'mira' };
const user = { id: '5d0e9f61-2b7a-4c38-9f10-6e8a1c2d3b4f', email, type: 'user', isGuest: false, nickname: 'mira', refresh_token: token };
const app = (): AppConfig => ({ apiURI: server.apiURI, appId });

type Row = readonly [name: string, call: () => Promise<unknown>, path: string, body: object, reply: unknown, result: unknown];

const signedIn = { user, created: true };

const rows: readonly Row[] = [
  [
    'sendMagicCode',
    () => auth.sendMagicCode(app(), { email }),
    '/runtime/auth/send_magic_code',
    { 'app-id': appId, email },
    { sent: true },
    { sent: true },
  ],
  [
    'sendMagicCode: an empty email is left to the server',
    () => auth.sendMagicCode(app(), { email: '' }),
    '/runtime/auth/send_magic_code',
    { 'app-id': appId, email: '' },
    { sent: true },
    { sent: true },
  ],
  [
    'checkMagicCode',
    () => auth.checkMagicCode(app(), { email, code: '483920' }),
    '/runtime/auth/verify_magic_code',
    { 'app-id': appId, email, code: '483920' },
    signedIn,
    signedIn,
  ],
  [
    'checkMagicCode with all parameters',
    () => auth.checkMagicCode(app(), { email, code: '483920', refreshToken: token, extraFields }),
    '/runtime/auth/verify_magic_code',
    { 'app-id': appId, email, code: '483920', 'refresh-token': token, 'extra-fields': extraFields },
    { user },
    { user, created: false },
  ],
  [
    'verifyMagicCode',
    () => auth.verifyMagicCode(app(), { email, code: '483920', refreshToken: token }),
    '/runtime/auth/verify_magic_code',
    { 'app-id': appId, email, code: '483920', 'refresh-token': token },
    signedIn,
    signedIn,
  ],
  [
    'verifyRefreshToken',
    () => auth.verifyRefreshToken(app(), { refreshToken: token }),
    '/runtime/auth/verify_refresh_token',
    { 'app-id': appId, 'refresh-token': token },
    { user: { id: user.id, email, refresh_token: token } },
    { user: { id: user.id, email, refresh_token: token, isGuest: false } },
  ],
  ['signInAsGuest', () => auth.signInAsGuest(app()), '/runtime/auth/sign_in_guest', { 'app-id': appId }, { user }, { user }],
  [
    'signInAsGuest with fields',
    () => auth.signInAsGuest(app(), { extraFields }),
    '/runtime/auth/sign_in_guest',
    { 'app-id': appId, 'extra-fields': extraFields },
    { user: { id: user.id, type: 'guest', refresh_token: token } },
    { user: { id: user.id, type: 'guest', refresh_token: token, isGuest: true } },
  ],
  [
    'exchangeCodeForToken',
    () => auth.exchangeCodeForToken(app(), { code: 'c1' }),
    '/runtime/oauth/token',
    { app_id: appId, code: 'c1' },
    { ...signedIn, refresh_token: token },
    { ...signedIn, refresh_token: token },
  ],
  [
    'exchangeCodeForToken with all parameters',
    () => auth.exchangeCodeForToken(app(), { code: 'c1', codeVerifier: 'v1', refreshToken: token, extraFields }),
    '/runtime/oauth/token',
    { app_id: appId, code: 'c1', code_verifier: 'v1', refresh_token: token, extra_fields: extraFields },
    signedIn,
    signedIn,
  ],
  [
    'signInWithIdToken',
    () => auth.signInWithIdToken(app(), { idToken: 'eyJ', clientName: 'google', nonce: null }),
    '/runtime/oauth/id_token',
    { app_id: appId, client_name: 'google', id_token: 'eyJ' },
    signedIn,
    signedIn,
  ],
  [
    'signInWithIdToken with all parameters',
    () => auth.signInWithIdToken(app(), { idToken: 'eyJ', clientName: 'google', nonce: 'n1', refreshToken: token, extraFields }),
    '/runtime/oauth/id_token',
    { app_id: appId, client_name: 'google', id_token: 'eyJ', nonce: 'n1', refresh_token: token, extra_fields: extraFields },
    signedIn,
    signedIn,
  ],
  [
    'signOut',
    () => auth.signOut(app(), { refreshToken: token }),
    '/runtime/signout',
    { app_id: appId, refresh_token: token },
    {},
    undefined,
  ],
];

it.each(rows)('%s', async (_name, call, url, body, reply, result) => {
  server.response({ body: reply });
  await expect(call()).resolves.toEqual(result);
  expect(server.requested).toHaveLength(1);
  expect(server.requested[0]).toMatchObject({ method: 'POST', url, headers: { 'content-type': 'application/json' } });
  expect(JSON.parse(server.requested[0]?.body ?? '')).toEqual(body);
});

it('signOut with invalidateToken: false sends no request', async () => {
  await auth.signOut(app(), { refreshToken: token, invalidateToken: false });
  expect(server.requested).toEqual([]);
});

describe('signInWithIdToken with the token of an unknown user', () => {
  const rejection = (recordType: string) => ({
    status: 400,
    body: { type: 'record-not-found', message: 'x', hint: { 'record-type': recordType } },
  });
  const signIn = (refreshToken?: string) =>
    auth.signInWithIdToken(app(), { idToken: 'eyJ', clientName: 'google', ...(refreshToken && { refreshToken }) });

  it('retries once without the token', async () => {
    server.response(rejection('app-user'), { body: signedIn });
    await expect(signIn(token)).resolves.toEqual(signedIn);
    expect(server.requested.map(({ body }) => 'refresh_token' in JSON.parse(body))).toEqual([true, false]);
  });

  it.each([
    ['fails if no token was sent', undefined, 'app-user', 1],
    ['fails if another record was not found', token, 'app-oauth-client', 1],
    ['fails if it is rejected again', token, 'app-user', 2],
  ])('%s', async (_name, refreshToken, recordType, times) => {
    server.response(rejection(recordType));
    await expect(signIn(refreshToken)).rejects.toBeInstanceOf(InstantAPIError);
    expect(server.requested).toHaveLength(times);
  });
});

it.each([
  ['no user', {}],
  ['a user without a token', { user: { id: user.id } }],
  ['a list', []],
])('a response with %s signs no user in', async (_name, body) => {
  server.response({ body });
  await expect(auth.signInAsGuest(app())).rejects.toMatchObject({
    code: 'server-failed',
    message: expect.stringContaining('sign-in failed'),
  });
});

it.each<[name: string, call: (params: never) => Promise<unknown>, params: unknown, message: string]>([
  ['no object', (p) => auth.sendMagicCode(app(), p), email, 'sendMagicCode: expected an object with email, received a string'],
  ['no email', (p) => auth.sendMagicCode(app(), p), {}, 'sendMagicCode: `email` must be a string, received undefined'],
  [
    'a code that is a number',
    (p) => auth.checkMagicCode(app(), p),
    { email, code: 1 },
    'signInWithMagicCode: `code` must be a string, received a number',
  ],
  [
    'invalid fields',
    (p) => auth.checkMagicCode(app(), p),
    { email, code: '1', extraFields: [] },
    'signInWithMagicCode: `extraFields` must be an object or omitted, received an array',
  ],
  [
    'an empty token',
    (p) => auth.verifyRefreshToken(app(), p),
    { refreshToken: ' ' },
    'signInWithToken: `refreshToken` must be a non-empty string, received an empty string',
  ],
  ['a guest', (p) => auth.signInAsGuest(app(), p), null, 'signInAsGuest: expected an object with extraFields, received null'],
  ['no code', (p) => auth.exchangeCodeForToken(app(), p), {}, 'exchangeOAuthCode: `code` must be a non-empty string, received undefined'],
  [
    'an invalid nonce',
    (p) => auth.signInWithIdToken(app(), p),
    { idToken: 'a', clientName: 'b', nonce: {} },
    'signInWithIdToken: `nonce` must be a string or omitted, received an object',
  ],
  ['no token', (p) => auth.signOut(app(), p), {}, 'signOut: `refreshToken` must be a non-empty string, received undefined'],
])('%s is rejected before a request is sent', async (_name, call, params, message) => {
  await expect(call(params as never)).rejects.toMatchObject({ code: 'config-invalid', message });
  expect(server.requested).toEqual([]);
});
