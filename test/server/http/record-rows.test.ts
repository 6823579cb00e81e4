// Sign-ins, codes and providers as rows: for admins by query, for nobody else.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;

beforeEach(async () => {
  server = await createServer({ sendMagicCode: () => undefined, showCodes: true });
});
afterEach(() => server.close());

type Json = Readonly<Record<string, unknown>>;

async function call(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}, method = 'POST'): Promise<Json> {
  const sent = { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  return (await (await fetch(server.url + path, sent)).json()) as Json;
}

const asAdmin = () => ({ authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId });
const query = (q: unknown, headers = {}) => call('/admin/query', { query: q }, { ...asAdmin(), ...headers });

async function newToken(email: string): Promise<{ readonly user: string; readonly token: string }> {
  const { user } = (await call('/admin/refresh_tokens', { email }, asAdmin())) as { user: { id: string; refresh_token: string } };
  return { user: user.id, token: user.refresh_token };
}

const hashOf = (token: string): string =>
  createHash('sha256')
    .update(Buffer.from(token.replaceAll('-', ''), 'hex'))
    .digest('hex');

async function newClient(): Promise<{ readonly provider: string; readonly client: string }> {
  const path = `/dash/apps/${server.appId}/oauth`;
  const { provider } = (await call(`${path}_service_providers`, { provider_name: 'google' }, asAdmin())) as { provider: { id: string } };
  const given = { provider_id: provider.id, client_name: 'web', client_id: 'c1', client_secret: 'hush', meta: { a: 1 } };
  const { client } = (await call(`${path}_clients`, given, asAdmin())) as { client: { id: string } };
  return { provider: provider.id, client: client.id };
}

describe('an admin reads', () => {
  test('refresh tokens as hashes with their users, and users with their tokens', async () => {
    const [ann, bob] = [await newToken('ann@example.com'), await newToken('bob@example.com')];
    const { $userRefreshTokens: rows } = await query({ $userRefreshTokens: {} });
    expect(rows).toHaveLength(2);
    const id: unknown = expect.any(String);
    expect(rows).toContainEqual({ id, hashedToken: hashOf(ann.token), $user: ann.user });
    expect(rows).toContainEqual({ id, hashedToken: hashOf(bob.token), $user: bob.user });
    const [nested, byPath, paged] = [
      { $users: { $: { fields: ['email'], where: { email: 'ann@example.com' } }, $userRefreshTokens: { $: { fields: ['hashedToken'] } } } },
      { $users: { $: { fields: ['email'], where: { '$userRefreshTokens.hashedToken': hashOf(bob.token) } } } },
      { $userRefreshTokens: { $: { fields: ['hashedToken'], limit: 1, offset: 1, order: { serverCreatedAt: 'asc' } } } },
    ];
    expect(await query(nested)).toEqual({
      $users: [{ id: ann.user, email: 'ann@example.com', $userRefreshTokens: [{ id, hashedToken: hashOf(ann.token) }] }],
    });
    expect(await query(byPath)).toEqual({ $users: [{ id: bob.user, email: 'bob@example.com' }] });
    expect((await query(paged))['$userRefreshTokens']).toHaveLength(1);
    await call('/admin/sign_out', { email: 'ann@example.com' }, asAdmin());
    expect((await query({ $userRefreshTokens: {} }))['$userRefreshTokens']).toMatchObject([{ $user: bob.user }]);
  });

  test('providers and clients, without the secret', async () => {
    const { provider, client } = await newClient();
    const answer = await query({ $oauthProviders: { $oauthClients: { $: { fields: ['name'] } } }, $oauthClients: {} });
    expect(answer).toEqual({
      $oauthProviders: [{ id: provider, name: 'google', $oauthClients: [{ id: client, name: 'web' }] }],
      $oauthClients: [
        {
          ...{ id: client, name: 'web', clientId: 'c1', meta: { a: 1 }, useSharedCredentials: false, $oauthProvider: provider },
          ...{ discoveryEndpoint: null, redirectTo: null },
        },
      ],
    });
    expect(JSON.stringify(answer)).not.toContain('hush');
  });

  test('codes as hashes', async () => {
    const sent = await call('/admin/magic_code', { email: 'ann@example.com' }, asAdmin());
    const answer = await query({ $magicCodes: {} });
    expect(answer).toEqual({
      $magicCodes: [{ id: expect.any(String), email: 'ann@example.com', codeHash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    expect(JSON.stringify(answer)).not.toContain(String(sent['code']));
    expect(await query({ $oauthCodes: {}, $oauthRedirects: {}, $oauthUserLinks: {} })).toEqual({
      $oauthCodes: [],
      $oauthRedirects: [],
      $oauthUserLinks: [],
    });
  });
});

describe('guests and users read none of these rows', () => {
  const named = { $userRefreshTokens: {}, $magicCodes: {}, $oauthProviders: {}, $oauthClients: {}, $oauthUserLinks: {} };
  const nothing = Object.fromEntries(Object.keys(named).map((etype) => [etype, []]));

  test.each([
    ['a guest', { 'as-guest': 'true' }],
    ['a user by e-mail address', { 'as-email': 'ann@example.com' }],
  ])('%s', async (_who, headers) => {
    await newToken('ann@example.com');
    await newClient();
    await call('/admin/magic_code', { email: 'ann@example.com' }, asAdmin());
    expect(await query(named, headers)).toEqual(nothing);
    expect(JSON.stringify(await query({ $users: { $userRefreshTokens: {} } }, headers))).not.toContain('hashedToken');
    const byPath = { $users: { $: { where: { '$userRefreshTokens.id': { $isNull: false } } } } };
    expect(await query(byPath, headers)).toEqual({ $users: [] });
  });

  test('a user by token, although the rules allow everything', async () => {
    const rules = { $default: { allow: { $default: 'true' } }, $users: { allow: { view: 'true' } } };
    expect(await call(`/dash/apps/${server.appId}/rules`, { code: rules }, asAdmin())).toHaveProperty('rules');
    const { token } = await newToken('ann@example.com');
    await newClient();
    expect(await query(named, { 'as-token': token })).toEqual(nothing);
  });
});
