// What a sign-in provider may answer, and how often it is asked.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { type ClientWithProvider, isRedirectAllowed, type RedirectOrigin } from '../../../src/server/auth/oauth/oauth-config.ts';
import { OAuthFault, Providers } from '../../../src/server/auth/oauth/providers.ts';

const at = 'https://issuer.example/openid';
const whole = {
  issuer: 'https://issuer.example',
  authorization_endpoint: 'https://issuer.example/authorize',
  token_endpoint: 'https://issuer.example/token',
  jwks_uri: 'https://issuer.example/keys',
};
const made = { id: '1', created_at: '2026-01-01T00:00:00Z' };
const clientOf = (clientId: string | null, endpoint = at, providerName = 'custom'): ClientWithProvider => ({
  client: {
    ...{ ...made, provider_id: '1', client_name: 'web', client_id: clientId, client_secret: 'sec' },
    ...{ discovery_endpoint: endpoint, redirect_to: null, meta: null },
  },
  provider: { ...made, provider_name: providerName },
});
const request = { state: 's', redirectUri: 'https://app.example/', nonce: 'n', verifier: 'v' };
const { publicKey, privateKey } = await generateKeyPair('RS256');
const keys = { keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'k' }] };
const tokenOf = (claims: object): Promise<string> =>
  new SignJWT({ iss: whole.issuer, aud: 'somebody else', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setExpirationTime('5m')
    .sign(privateKey);

/** Answers with what `documents` has for the address. */
function providersWith(documents: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const providers = new Providers(async (url) => {
    asked.push(url);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const found = documents[url];
    return found === undefined ? new Response('', { status: 503 }) : Response.json(found);
  });
  return { providers, asked };
}

test('those who sign in at about the same time ask for the discovery document once, and again after it failed', async () => {
  const documents: Record<string, unknown> = {};
  const { providers, asked } = providersWith(documents);
  const start = (): Promise<string> => providers.authorizationUrl(clientOf('cid'), request);
  const failed = await Promise.allSettled([start(), start()]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  documents[at] = whole;
  const urls = await Promise.all(Array.from({ length: 20 }, start));
  expect(new Set(urls.map((url) => new URL(url).pathname))).toEqual(new Set(['/authorize']));
  await start();
  expect(asked).toEqual([at, at]);
});

test('documents of many endpoints are not kept for good', async () => {
  const endpoints = Array.from({ length: 150 }, (_, n) => `${at}/${n}`);
  const { providers, asked } = providersWith(Object.fromEntries(endpoints.map((endpoint) => [endpoint, whole])));
  for (const endpoint of [...endpoints, endpoints[149], endpoints[0]]) await providers.authorizationUrl(clientOf('cid', endpoint), request);
  expect(asked).toEqual([...endpoints, endpoints[0]]);
});

test.each([
  ['authorization_endpoint', 'nope'],
  ['authorization_endpoint', 'javascript:alert(1)'],
  ['token_endpoint', 'file:///etc/passwd'],
  ['jwks_uri', '//issuer.example/keys'],
  ['jwks_uri', ''],
])('a discovery document with the %s %j is refused', async (field, address) => {
  const { providers } = providersWith({ [at]: { ...whole, [field]: address } });
  await expect(providers.authorizationUrl(clientOf('cid'), request)).rejects.toThrow(OAuthFault);
  await expect(providers.identityByToken(clientOf('cid'), await tokenOf({ sub: 'a' }), {})).rejects.toThrow(OAuthFault);
});

test.each([null, ''])('without a client id (%j) no token is taken, whoever it is for', async (clientId) => {
  const { providers } = providersWith({ [at]: whole, [whole.jwks_uri]: keys });
  const signedIn = providers.identityByToken(clientOf(clientId), await tokenOf({ sub: 'a' }), {});
  await expect(signedIn).rejects.toThrow(new OAuthFault('The OAuth client has no client id.'));
});

test.each([[{}], [['a']], [1], [''], [true]])('a token whose subject is %j says of nobody who it is', async (sub) => {
  const { providers } = providersWith({ [at]: whole, [whole.jwks_uri]: keys });
  const claims = (subject: unknown): Promise<string> => tokenOf({ sub: subject, aud: 'cid' });
  await expect(providers.identityByToken(clientOf('cid'), await claims(sub), {})).rejects.toThrow(OAuthFault);
  expect(await providers.identityByToken(clientOf('cid'), await claims('a'), {})).toMatchObject({ sub: 'a' });
});

test('an origin with a blank part allows nothing', () => {
  const allows = (service: RedirectOrigin['service'], params: readonly string[], url: string): boolean =>
    isRedirectAllowed([{ ...made, service, params }], url);
  expect(allows('vercel', ['vercel.app', 'shop'], 'https://shop-git-main.vercel.app/')).toBe(true);
  expect(allows('vercel', ['', 'shop'], 'https://shop-evil.example./')).toBe(false);
  expect(allows('vercel', ['vercel.app', ''], 'https://-evil.vercel.app/')).toBe(false);
  expect(allows('netlify', ['shop'], 'https://branch--shop.netlify.app/')).toBe(true);
  expect(allows('netlify', [''], 'https://evil--.netlify.app/')).toBe(false);
});
