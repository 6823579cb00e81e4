// What anybody can start and the server then keeps for a while: bounded for each network, whatever others do.

import { afterEach, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/server.ts';

let server: TriplaneServer;
afterEach(() => server.close());

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });

async function tool(path: string, body: object): Promise<{ readonly provider?: { readonly id: string } }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}` };
  const response = await fetch(`${server.url}/dash/apps/${server.appId}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json() as Promise<{ readonly provider?: { readonly id: string } }>;
}

test('sign-ins by redirect: a few for each network, with texts of a limited length', async () => {
  server = await createServer({ limits: { oauthStarts: 2 }, trustProxy: 1 });
  await tool('authorized_redirect_origins', { service: 'generic', params: ['app.example'] });
  const { provider } = await tool('oauth_service_providers', { provider_name: 'github' });
  await tool('oauth_clients', { provider_id: provider?.id, client_name: 'web', client_id: 'cid', client_secret: 'sec' });
  const start = async (address: string, state = 's'): Promise<number> => {
    const query = new URLSearchParams({ app_id: server.appId, client_name: 'web', redirect_uri: 'https://app.example/', state });
    return (await fetch(`${server.url}/runtime/oauth/start?${query}`, { headers: from(address), redirect: 'manual' })).status;
  };
  expect([await start('1.1.1.1', 'x'.repeat(5000)), await start('1.1.1.1'), await start('1.1.1.1')]).toEqual([400, 302, 302]);
  expect([await start('1.1.1.1'), await start('1.1.1.2')]).toEqual([429, 302]);
});

test('logins of the command line tool: one network’s requests replace its own, not those of others', async () => {
  server = await createServer({ trustProxy: 1 });
  const register = async (address: string): Promise<string> => {
    const response = await fetch(`${server.url}/dash/cli/auth/register`, { method: 'POST', headers: from(address) });
    return ((await response.json()) as { readonly secret: string }).secret;
  };
  const check = async (secret: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const sent = { method: 'POST', headers, body: JSON.stringify({ secret }) };
    return ((await (await fetch(`${server.url}/dash/cli/auth/check`, sent)).json()) as { readonly type: string }).type;
  };
  const mine = await register('1.1.1.1');
  const first = await register('2.2.2.2');
  for (let count = 0; count < 20; count++) await register('2.2.2.2');
  expect([await check(mine), await check(first)]).toEqual(['validation-failed', 'record-not-found']);
});
