// Id tokens of every provider that is known by name, and of any other: signed by keys that are published here under the provider's own
// addresses, and refused for each thing that is wrong with them.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Outbound, outbound } from '../../../src/server/outbound.ts';
import { Providers } from '../../../src/server/auth/oauth/providers.ts';

type Found = Parameters<Providers['identityByToken']>[0];

interface Named {
  readonly issuer: string;
  readonly discovery: string;
  /** Undefined: the issuer is the app's own, and its tokens name no audience. */
  readonly audience: string | undefined;
  readonly found: Found;
}

function named(name: string, issuer: string, discovery: string, more: object = {}, audience: string | null = 'an-id'): Named {
  const client = { id: 'c', client_name: name, client_id: 'an-id', client_secret: null, redirect_to: null, meta: null, created_at: '' };
  const found = {
    client: { ...client, provider_id: 'p', discovery_endpoint: null, ...more },
    provider: { id: 'p', provider_name: name, created_at: '' },
  };
  return { issuer, discovery, audience: audience ?? undefined, found: found };
}

const firebase = 'https://securetoken.google.com/a-project';
const clerk = 'https://clerk.app.example';
const other = 'https://login.example.com';
const at = (issuer: string): string => `${issuer}/.well-known/openid-configuration`;
const known: Readonly<Record<string, Named>> = {
  google: named('google', 'https://accounts.google.com', at('https://accounts.google.com')),
  linkedin: named('linkedin', 'https://www.linkedin.com/oauth', at('https://www.linkedin.com/oauth')),
  apple: named('apple', 'https://appleid.apple.com', at('https://account.apple.com')),
  firebase: named(
    'firebase',
    firebase,
    at(firebase),
    { client_id: null, discovery_endpoint: at(firebase), meta: { firebaseProjectId: 'a-project' } },
    'a-project',
  ),
  clerk: named('clerk', clerk, at(clerk), { client_id: null, discovery_endpoint: at(clerk) }, null),
  'any other': named('custom', other, at(other), { discovery_endpoint: at(other) }),
};

let server: Server;
let providers: Providers;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let strangersKeys: typeof keys;

beforeAll(async () => {
  [keys, strangersKeys] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };
  server = createServer((request, response) => {
    const address = String(request.headers['x-asked']);
    const provider = Object.values(known).find(({ discovery }) => discovery === address);
    const endpoints = { authorization_endpoint: `${address}/a`, token_endpoint: `${address}/t`, jwks_uri: `${address}/keys` };
    const body = provider ? { issuer: provider.issuer, ...endpoints } : jwks;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const send = outbound({ allowPrivate: true, timeoutMs: 5000, maxBytes: 1024 * 1024 });
  const redirected: Outbound = (url, options) => send(here, { ...options, headers: { ...options?.headers, 'x-asked': url } });
  providers = new Providers(redirected);
});
afterAll(() => new Promise((closed) => server.close(closed)));

interface Token {
  readonly issuer: string;
  readonly audience: string | undefined;
  readonly claims?: object;
  readonly expires?: string;
  readonly subject?: string | undefined;
  readonly key?: CryptoKey | Uint8Array;
  readonly alg?: string;
}

function token({ issuer, audience, claims = {}, expires = '5m', key = keys.privateKey, alg = 'RS256', ...rest }: Token): Promise<string> {
  const made = new SignJWT({ email: 'ann@example.com', email_verified: true, ...claims }).setProtectedHeader({ alg, kid: 'k1' });
  made.setIssuer(issuer).setIssuedAt().setExpirationTime(expires);
  if (!('subject' in rest)) made.setSubject('ann');
  return (audience === undefined ? made : made.setAudience(audience)).sign(key);
}

describe.each(Object.entries(known))('%s', (name, { issuer, audience, found }) => {
  const check = async (made: Token): Promise<unknown> => providers.identityByToken(found, await token(made), {});
  const right = { issuer, audience };

  test('signs in', async () => {
    expect(await check(right)).toEqual({ provider: 'p', sub: 'ann', email: 'ann@example.com', imageURL: undefined });
  });

  test('returns no e-mail address that the provider has not verified', async () => {
    for (const email_verified of [false, 'false', undefined])
      expect(await check({ ...right, claims: { email_verified } })).toMatchObject({ email: undefined });
  });

  const secret = new TextEncoder().encode('a secret of thirty-two characters');
  const wrong: Readonly<Record<string, () => Token>> = {
    'another issuer': () => ({ ...right, issuer: 'https://evil.example' }),
    'an expired token': () => ({ ...right, expires: '-5m' }),
    'no subject': () => ({ ...right, subject: undefined }),
    'a key of somebody else': () => ({ ...right, key: strangersKeys.privateKey }),
    'a symmetric signature': () => ({ ...right, key: secret, alg: 'HS256' }),
    ...(audience !== undefined && {
      'another audience': () => ({ ...right, audience: 'another app' }),
      'no audience': () => ({ ...right, audience: undefined }),
    }),
  };
  test.each(Object.entries(wrong))('rejects %s', async (_what, made) => {
    await expect(check(made())).rejects.toThrow('The id token is not valid');
  });

  test('compares the nonce', async () => {
    const withNonce = await token({ ...right, claims: { nonce: 'n' } });
    expect(await providers.identityByToken(found, withNonce, { nonce: 'n' })).toMatchObject({ sub: 'ann' });
    const asked = providers.identityByToken(found, withNonce, { nonce: 'another' });
    // Its buttons make nonces that pages do not know.
    if (name === 'google') expect(await asked).toMatchObject({ sub: 'ann' });
    else await expect(asked).rejects.toThrow('nonces');
    await expect(providers.identityByToken(found, withNonce, { nonce: 'another', isRedirect: true })).rejects.toThrow('nonces');
  });
});

test.each(['google', 'linkedin', 'apple', 'any other'])(
  '%s: a client without an id rejects every token, because the issuer is shared with other apps',
  async (name) => {
    const { issuer, found } = known[name] as Named;
    const open = { ...found, client: { ...found.client, client_id: null } };
    const made = await token({ issuer, audience: 'the app of somebody else' });
    await expect(providers.identityByToken(open, made, {})).rejects.toThrow('client id');
  },
);
