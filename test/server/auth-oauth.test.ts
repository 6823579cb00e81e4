// Signing in with a provider: the whole way through a real OpenID provider in this process, and every way to go wrong.

import { createServer as createHttp, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { id } from '../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';

let server: TriplaneServer;
let providerServer: Server;
let issuer: string;
let email: string;
let isVerified: boolean;

interface Answer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- JSON
}

beforeAll(async () => {
  providerServer = createHttp();
  await new Promise<void>((done) => providerServer.listen(0, '127.0.0.1', done));
  issuer = `http://127.0.0.1:${(providerServer.address() as AddressInfo).port}`;
});
afterAll(() => providerServer.close());

beforeEach(async () => {
  [email, isVerified] = ['ann@example.com', true];
  server = await createServer({ allowPrivateAddresses: true });
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'cid', client_secret: 'sec', redirect_uris: [`${server.url}/runtime/oauth/callback`] }],
    claims: { email: ['email', 'email_verified'], profile: ['picture'], openid: ['sub'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['k'] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email, email_verified: isVerified, picture: `https://img.example/${sub}.png` }),
    }),
  });
  providerServer.removeAllListeners('request');
  const answer = provider.callback();
  providerServer.on('request', (request, response) => void answer(request, response));
  await tool('authorized_redirect_origins', { service: 'generic', params: ['app.example'] });
  const { provider: added } = (await tool('oauth_service_providers', { provider_name: 'custom' })).body;
  const discovery = `${issuer}/.well-known/openid-configuration`;
  const client = { provider_id: added.id, client_name: 'web', client_id: 'cid', client_secret: 'sec', discovery_endpoint: discovery };
  expect((await tool('oauth_clients', client)).status).toBe(200);
});
afterEach(() => server.close());

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const sent = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  const answer = await fetch(server.url + path, sent);
  return { status: answer.status, body: await answer.json() };
}

const tool = (path: string, body: object) =>
  post(`/dash/apps/${server.appId}/${path}`, body, { authorization: `Bearer ${server.adminToken}` });
const token = (code: string, more: object = {}, headers = {}) =>
  post('/runtime/oauth/token', { app_id: server.appId, code, ...more }, headers);

/** A browser, as far as redirects, cookies and forms go. */
function browser() {
  const cookies = new Map<string, string>();
  const go = async (url: string, form?: Record<string, string>): Promise<Response> => {
    const { host, pathname } = new URL(url);
    const sent = [...cookies]
      .filter(([key]) => key.startsWith(`${host} `) && pathname.startsWith(key.split(' ')[1]!))
      .map(([key, value]) => `${key.split(' ')[2]}=${value}`);
    const body = form && { method: 'POST', body: new URLSearchParams(form) };
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: sent.join('; ') }, ...body });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(`${host} ${/path=([^;]+)/i.exec(line)?.[1] ?? '/'} ${name}`, value);
    }
    return answer;
  };
  /** Follows all that the provider asks, up to where the user is sent at last. */
  const signIn = async (start: string, login = 'ann'): Promise<URL> => {
    let answer = await go(start);
    for (let at = start, turn = 0; turn < 15; turn++) {
      const next = answer.headers.get('location');
      if (next !== null) {
        at = new URL(next, at).toString();
        if (new URL(at).host === 'app.example') return new URL(at);
        answer = await go(at);
        continue;
      }
      const page = await answer.text();
      const action = /action="([^"]+)"/.exec(page)?.[1];
      if (action === undefined) throw new Error(`${answer.status} ${page}`);
      const prompt = page.includes('name="login"') ? { prompt: 'login', login, password: 'x' } : { prompt: 'consent' };
      at = new URL(action, at).toString();
      answer = await go(at, prompt);
    }
    throw new Error('the sign-in does not end');
  };
  return { go, signIn };
}

function startUrl(more: Record<string, string> = {}): string {
  const params = { app_id: server.appId, client_name: 'web', redirect_uri: 'https://app.example/back', ...more };
  return `${server.url}/runtime/oauth/start?${new URLSearchParams(params).toString()}`;
}

async function codeFor(login = 'ann', more: Record<string, string> = {}): Promise<string> {
  return (await browser().signIn(startUrl(more), login)).searchParams.get('code') ?? '';
}

describe('a sign-in by redirect', () => {
  test('creates a user, and finds the same user the next time', async () => {
    const back = await browser().signIn(startUrl({ state: 'mine' }));
    expect(Object.fromEntries(back.searchParams)).toEqual({ _instant_oauth_redirect: 'true', state: 'mine', code: expect.any(String) });
    const first = await token(back.searchParams.get('code') ?? '');
    expect(first).toMatchObject({
      status: 200,
      body: {
        created: true,
        refresh_token: expect.any(String),
        user: { email: 'ann@example.com', type: 'user', imageURL: 'https://img.example/ann.png' },
      },
    });
    expect(first.body.user.refresh_token).toBe(first.body.refresh_token);
    const second = await token(await codeFor());
    expect(second.body).toMatchObject({ created: false, user: { id: first.body.user.id } });
    email = 'ann.new@example.com';
    expect((await token(await codeFor())).body).toMatchObject({ created: false, user: { id: first.body.user.id, email } });
    expect((await token(await codeFor('bea'))).body).toMatchObject({ created: false, user: { id: first.body.user.id } });
  });

  test('finds the user of an e-mail address that the provider writes with capitals', async () => {
    const headers = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId };
    const known = (await post('/admin/refresh_tokens', { email }, headers)).body.user;
    email = 'Ann@Example.COM';
    const user = { id: known.id, email: 'ann@example.com' };
    expect(await token(await codeFor())).toMatchObject({ status: 200, body: { created: false, user } });
    email = 'Bea@Example.COM';
    const first = await token(await codeFor('bea'));
    expect(first.body).toMatchObject({ created: true, user: { email: 'bea@example.com' } });
    expect((await token(await codeFor('bea'))).body).toMatchObject({ created: false, user: { id: first.body.user.id } });
  });

  test('evaluates the rule for new users with the address and the origin of the page', async () => {
    const rule = async (create: string) => expect((await tool('rules', { code: { $users: { allow: { create } } } })).status).toBe(200);
    const headers = { origin: 'https://app.example' };
    await rule("request.ip == '127.0.0.2'");
    expect((await token(await codeFor(), {}, headers)).body.type).toBe('permission-denied');
    await rule("request.ip == '127.0.0.1' && request.origin == 'https://app.example'");
    expect((await token(await codeFor(), {}, headers)).body).toMatchObject({ created: true });
  });

  test('creates a user without an e-mail address if the provider has not verified it', async () => {
    isVerified = false;
    expect((await token(await codeFor())).body).toMatchObject({ created: true, user: { email: null } });
  });

  test('turns a guest into the user, and links a second guest to them', async () => {
    const guest = async () => (await post('/runtime/auth/sign_in_guest', { 'app-id': server.appId })).body.user;
    const [one, other] = [await guest(), await guest()];
    const became = await token(await codeFor(), { refresh_token: one.refresh_token });
    expect(became.body).toMatchObject({ created: true, user: { id: one.id, type: 'user', isGuest: false } });
    expect((await token(await codeFor(), { refresh_token: other.refresh_token })).body).toMatchObject({
      created: false,
      user: { id: one.id },
    });
  });

  test('accepts the app id in the path, and a form for the token', async () => {
    const start = `${server.url}/runtime/${server.appId}/oauth/start?client_id=web&redirect_uri=${encodeURIComponent('https://app.example/')}`;
    const code = (await browser().signIn(start)).searchParams.get('code') ?? '';
    const answer = await fetch(`${server.url}/runtime/${server.appId}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ code }),
    });
    expect(answer.status).toBe(200);
    const known = await (await fetch(`${server.url}/runtime/${server.appId}/.well-known/openid-configuration`)).json();
    expect(known).toEqual({
      authorization_endpoint: `${server.url}/runtime/${server.appId}/oauth/start`,
      token_endpoint: `${server.url}/runtime/${server.appId}/oauth/token`,
    });
  });

  test.each([
    'https://evil.example/',
    'https://app.example:8443/',
    'https://app.example@evil.example/',
    'https://sub.app.example/',
    'javascript:alert(1)',
    '/relative',
    'x',
  ])('to %s is rejected', async (redirect_uri) => {
    const answer = await fetch(startUrl({ redirect_uri }), { redirect: 'manual' });
    expect([answer.status, (await answer.json()).hint['data-type']]).toEqual([400, 'redirect-uri']);
  });
});

describe('a code', () => {
  test('is valid once, also for concurrent requests', async () => {
    const code = await codeFor();
    const answers = await Promise.all([token(code), token(code), token(code)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    expect(await token(code)).toMatchObject({ body: { type: 'record-not-found', hint: { 'record-type': 'app-oauth-code' } } });
  });

  const challenge = 'iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ'; // of 'verifier'

  test.each([
    ['S256, right', { code_challenge: challenge, code_challenge_method: 'S256' }, 'verifier', 200],
    ['S256, wrong', { code_challenge: challenge, code_challenge_method: 'S256' }, 'other', 400],
    ['S256, missing', { code_challenge: challenge, code_challenge_method: 'S256' }, undefined, 400],
    ['plain, right', { code_challenge: 'p', code_challenge_method: 'plain' }, 'p', 200],
    ['plain, wrong', { code_challenge: 'p', code_challenge_method: 'plain' }, 'q', 400],
    ['a verifier without a challenge', {}, 'verifier', 400],
    ['an unknown method', { code_challenge: 'p', code_challenge_method: 'x' }, 'p', 400],
  ])('with PKCE, %s', async (_what, start, verifier, status) => {
    const code = await codeFor('ann', start);
    const tried = await token(code, verifier === undefined ? {} : { code_verifier: verifier });
    expect(tried.status).toBe(status);
    if (status === 400) expect(tried.body.hint['data-type']).toBe('app-oauth-code');
    expect((await token(code, { code_verifier: 'verifier' })).body.type).toBe('record-not-found');
  });

  test('is consumed by an origin that is not allowed, an unknown guest, a rejected sign-up', async () => {
    const tries: [object, Record<string, string>, string][] = [
      [{}, { origin: 'https://evil.example' }, 'validation-failed'],
      [{ refresh_token: id() }, {}, 'record-not-found'],
      [{ extra_fields: { nope: 1 } }, {}, 'validation-failed'],
    ];
    for (const [more, headers, type] of tries) {
      const code = await codeFor();
      expect((await token(code, more, headers)).body.type).toBe(type);
      expect((await token(code)).body.hint['record-type']).toBe('app-oauth-code');
    }
    expect((await token(await codeFor(), {}, { origin: 'https://app.example' })).status).toBe(200);
  });
});

describe('the callback of a provider', () => {
  const callback = async (query: string, cookie?: string) => {
    const answer = await fetch(`${server.url}/runtime/oauth/callback?${query}`, {
      redirect: 'manual',
      headers: cookie === undefined ? {} : { cookie },
    });
    return {
      status: answer.status,
      body: answer.status === 302 ? undefined : await answer.json(),
      location: answer.headers.get('location'),
    };
  };
  const started = async () => {
    const answer = await fetch(startUrl(), { redirect: 'manual' });
    const cookie = answer.headers.getSetCookie()[0] ?? '';
    expect(cookie).toMatch(/^__session=instantdb_[0-9a-f-]{36}; .*HttpOnly/i);
    return { state: new URL(answer.headers.get('location') ?? '').searchParams.get('state') ?? '', cookie: cookie.split(';')[0] ?? '' };
  };

  test.each([
    ['', 'Missing state param in OAuth redirect.'],
    ['error=access_denied', 'access_denied'],
    ['code=x', 'Missing state param in OAuth redirect.'],
    ['code=x&state=y', 'Invalid state param in OAuth redirect.'],
  ])('with "%s" is an oauth-error', async (query, error) => {
    expect(await callback(query)).toMatchObject({ status: 400, body: { type: 'oauth-error', error } });
  });

  test('needs the cookie of the browser that started the sign-in; a state is valid once', async () => {
    const { state, cookie } = await started();
    expect((await callback(`code=x&state=${state}`)).body.error).toBe('Missing cookie.');
    expect((await callback(`code=x&state=${state}`, `__session=instantdb_${id()}`)).body.error).toBe('Mismatch in OAuth request cookie.');
    expect((await callback(`code=x&state=${state}`, cookie)).body.error).toBe('Could not find OAuth request.');
  });

  test('with a code the provider does not know redirects to the page with the error', async () => {
    const { state, cookie } = await started();
    const answer = await callback(`code=forged&state=${state}`, cookie);
    expect(answer.status).toBe(302);
    expect(new URL(answer.location ?? '').searchParams.get('error')).toBe('The provider answered 400.');
  });
});

describe('an id token', () => {
  /** One that the provider really made, taken from the code flow by a client of our own. */
  async function idTokenFor(login = 'ann', nonce?: string): Promise<string> {
    const verifier = 'v'.repeat(50);
    const { createHash } = await import('node:crypto');
    const params = {
      ...{ client_id: 'cid', response_type: 'code', scope: 'openid email profile', redirect_uri: `${server.url}/runtime/oauth/callback` },
      ...{
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...(nonce && { nonce }),
      },
    };
    const { go } = browser();
    let at = `${issuer}/auth?${new URLSearchParams(params).toString()}`;
    for (let answer = await go(at); ;) {
      const next = answer.headers.get('location');
      if (next?.startsWith(server.url)) {
        const body = new URLSearchParams({
          grant_type: 'authorization_code',
          code: new URL(next).searchParams.get('code') ?? '',
          redirect_uri: params.redirect_uri,
          code_verifier: verifier,
        });
        const headers = { authorization: `Basic ${Buffer.from('cid:sec').toString('base64')}` };
        return ((await (await fetch(`${issuer}/token`, { method: 'POST', headers, body })).json()) as { id_token: string }).id_token;
      }
      if (next !== null) answer = await go((at = new URL(next, at).toString()));
      else {
        const page = await answer.text();
        at = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', at).toString();
        answer = await go(at, page.includes('name="login"') ? { prompt: 'login', login, password: 'x' } : { prompt: 'consent' });
      }
    }
  }

  const signIn = (id_token: string, more: object = {}, headers = {}) =>
    post('/runtime/oauth/id_token', { app_id: server.appId, client_name: 'web', id_token, ...more }, headers);

  test('signs in with its nonce, and keeps the session of the same user', async () => {
    const made = await idTokenFor('ann', 'n-1');
    const first = await signIn(made, { nonce: 'n-1' });
    expect(first).toMatchObject({ status: 200, body: { created: true, user: { email: 'ann@example.com' } } });
    const again = await signIn(made, { nonce: 'n-1', refresh_token: first.body.user.refresh_token });
    expect(again.body).toMatchObject({ created: false, user: { refresh_token: first.body.user.refresh_token } });
    expect((await signIn(made)).body.type).toBe('validation-failed');
    expect((await signIn(made, { nonce: 'other' })).body.type).toBe('validation-failed');
    expect((await signIn(await idTokenFor(), { nonce: 'n-1' })).body.type).toBe('validation-failed');
  });

  test('that is longer than any is rejected before it is parsed', async () => {
    const head = Buffer.from(`{"alg":"RS256","x":${'['.repeat(40_000)}${']'.repeat(40_000)}}`).toString('base64url');
    expect((await signIn(`${head}.e30.AAAA`)).body).toMatchObject({ message: expect.stringContaining('too long') as string });
  });

  test('that is forged, malformed or for another audience is rejected', async () => {
    const made = await idTokenFor();
    const [head = '', payload = '', signature = ''] = made.split('.');
    const claims = Buffer.from(JSON.stringify({ ...decodeJwt(made), email: 'eve@example.com' })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const forged of [
      `${head}.${claims}.${signature}`,
      `${none}.${payload}.`,
      `${head}.${payload}.${'A'.repeat(signature.length)}`,
      'abc',
    ]) {
      expect(await signIn(forged)).toMatchObject({ status: 400, body: { type: 'validation-failed', hint: { 'data-type': 'id_token' } } });
    }
    const { oauth_clients: clients } = await (
      await fetch(`${server.url}/dash/apps/${server.appId}/auth`, { headers: { authorization: `Bearer ${server.adminToken}` } })
    ).json();
    expect(JSON.stringify(clients)).not.toContain('sec');
    await tool(`oauth_clients/${clients[0].id}`, { client_id: 'another' });
    expect((await signIn(made)).status).toBe(400);
    expect((await signIn(made, { client_name: 'nope' })).body.hint['record-type']).toBe('app-oauth-client');
    expect((await signIn(made, {}, { origin: 'https://evil.example' })).body.hint['data-type']).toBe('origin');
  });
});

test('a provider at a private address is rejected unless private addresses are allowed', async () => {
  await server.close();
  server = await createServer();
  const { provider } = (await tool('oauth_service_providers', { provider_name: 'custom' })).body;
  for (const discovery_endpoint of [
    `${issuer}/.well-known/openid-configuration`,
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://localhost/x',
    'x',
  ]) {
    const answer = await tool('oauth_clients', { provider_id: provider.id, client_name: 'a', discovery_endpoint });
    expect(answer.body.hint['data-type']).toBe('discovery-endpoint');
  }
});
