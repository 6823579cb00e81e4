// GitHub and Apple, each as a server of its own that speaks their protocol here: codes that are good once, secrets that are checked, tokens
// that are signed. Requests to their names go to these servers.

import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Outbound, outbound } from '../../../src/server/outbound.ts';
import { Providers } from '../../../src/server/auth/oauth/providers.ts';

type Answer = readonly [status: number, body: unknown];
type Handler = (request: IncomingMessage, form: URLSearchParams) => Answer | Promise<Answer>;

const servers: Server[] = [];
let providers: Providers;
let tokensOf: Map<string, string>;

async function serve(routes: Readonly<Record<string, Handler>>): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const [status, json] = (await routes[`${request.method} ${request.url}`]?.(request, new URLSearchParams(body))) ?? [404, {}];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  };
  const server = createHttpServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const apple = 'https://appleid.apple.com';
const client = { id: 'c1', client_name: 'c', client_id: 'an-id', discovery_endpoint: null, redirect_to: null, meta: null, created_at: '' };
const redirectUri = 'https://server.example/runtime/oauth/callback';
const github = {
  client: { ...client, provider_id: 'p1', client_secret: 'a-secret' },
  provider: { id: 'p1', provider_name: 'github', created_at: '' },
};
let appleClient: typeof github;
let appleKeys: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  tokensOf = new Map([['good', 'gho_1']]);
  const user = (request: IncomingMessage, body: unknown): Answer =>
    request.headers.authorization === 'Bearer gho_1' && request.headers['user-agent'] ? [200, body] : [401, { message: 'Bad credentials' }];
  const githubUrl = await serve({
    'POST /login/oauth/access_token': (_request, form) => {
      const token = tokensOf.get(form.get('code') ?? '');
      tokensOf.delete(form.get('code') ?? '');
      const isRight = form.get('client_secret') === 'a-secret' && form.get('redirect_uri') === redirectUri;
      return [200, token !== undefined && isRight ? { access_token: token, token_type: 'bearer' } : { error: 'bad_verification_code' }];
    },
    'GET /user': (request) => user(request, { id: 42, login: 'ann', email: 'public@example.com', avatar_url: 'https://a.example/42' }),
    'GET /user/emails': (request) =>
      user(request, [
        { email: 'unverified@example.com', primary: true, verified: false },
        { email: 'ann@example.com', primary: false, verified: true },
      ]),
  });
  const clientKeys = await generateKeyPair('ES256', { extractable: true });
  appleKeys = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(appleKeys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const appleUrl = await serve({
    'GET /.well-known/openid-configuration': () => {
      const endpoints = { token_endpoint: `${apple}/auth/token`, authorization_endpoint: `${apple}/auth/authorize` };
      return [200, { issuer: apple, jwks_uri: `${apple}/auth/keys`, ...endpoints, id_token_signing_alg_values_supported: ['RS256'] }];
    },
    'GET /auth/keys': () => [200, { keys: [jwk] }],
    'POST /auth/token': async (_request, form) => {
      const secret = { audience: apple, issuer: 'team', subject: 'an-id' };
      const { protectedHeader } = await jwtVerify(form.get('client_secret') ?? '', clientKeys.publicKey, secret);
      if (protectedHeader.kid !== 'key' || form.get('code') !== 'good') return [400, { error: 'invalid_grant' }];
      return [200, { id_token: await idToken({ nonce: 'n' }) }];
    },
  });
  const meta = { teamId: 'team', keyId: 'key' };
  appleClient = {
    client: { ...client, provider_id: 'p2', client_secret: await exportPKCS8(clientKeys.privateKey), meta: meta as never },
    provider: { id: 'p2', provider_name: 'apple', created_at: '' },
  };
  const send = outbound({ allowPrivate: true, timeoutMs: 5000, maxBytes: 1024 * 1024 });
  const here: Outbound = (url, options) => {
    const { hostname, pathname } = new URL(url);
    return send((hostname.endsWith('.apple.com') ? appleUrl : githubUrl) + pathname, options);
  };
  providers = new Providers(here);
});
afterAll(() => Promise.all(servers.map((server) => new Promise((closed) => server.close(closed)))));

function idToken(claims: object, audience = 'an-id'): Promise<string> {
  return new SignJWT({ email: 'ann@privaterelay.appleid.com', email_verified: 'true', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(apple)
    .setAudience(audience)
    .setSubject('apple-user')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(appleKeys.privateKey);
}

const answer = (code: string) => ({ code, redirectUri, nonce: 'n', verifier: 'v' });

test('GitHub: a code is exchanged for the identity of the user, with a verified e-mail address only', async () => {
  const url = new URL(await providers.authorizationUrl(github, { state: 's', redirectUri, nonce: 'n', verifier: 'v' }));
  expect(url.origin + url.pathname).toBe('https://github.com/login/oauth/authorize');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({ client_id: 'an-id', state: 's', redirect_uri: redirectUri });
  expect(await providers.identityByCode(github, answer('good'))).toEqual({
    ...{ provider: 'p1', sub: '42', email: 'ann@example.com', imageURL: 'https://a.example/42' },
  });
  await expect(providers.identityByCode(github, answer('good'))).rejects.toThrow('GitHub sent no access token');
  tokensOf.set('another', 'gho_1');
  const wrong = { ...github, client: { ...github.client, client_secret: 'wrong' } };
  await expect(providers.identityByCode(wrong, answer('another'))).rejects.toThrow('GitHub sent no access token');
});

test('Apple: the client secret is a signed token, and the response is a form post', async () => {
  const url = new URL(await providers.authorizationUrl(appleClient, { state: 's', redirectUri, nonce: 'n', verifier: 'v' }));
  expect(Object.fromEntries(url.searchParams)).toMatchObject({ response_mode: 'form_post', scope: 'name email', nonce: 'n' });
  expect(await providers.identityByCode(appleClient, answer('good'))).toMatchObject({
    ...{ provider: 'p2', sub: 'apple-user', email: 'ann@privaterelay.appleid.com' },
  });
  await expect(providers.identityByCode(appleClient, answer('bad'))).rejects.toThrow('400');
  await expect(providers.identityByCode(appleClient, { ...answer('good'), nonce: 'other' })).rejects.toThrow('nonces');
});

test('Apple: a token from a phone is accepted; a token for another app or a forged one is rejected', async () => {
  const check = (token: string) => providers.identityByToken(appleClient, token, { nonce: 'n' });
  expect(await check(await idToken({ nonce: 'n' }))).toMatchObject({ sub: 'apple-user' });
  await expect(check(await idToken({ nonce: 'n' }, 'another app'))).rejects.toThrow();
  const [head, , signature] = (await idToken({ nonce: 'n' })).split('.');
  const claims = Buffer.from(JSON.stringify({ iss: apple, aud: 'an-id', sub: 'somebody else', exp: 9e9 })).toString('base64url');
  await expect(check([head, claims, signature].join('.'))).rejects.toThrow();
});
