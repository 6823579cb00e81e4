// Rate limits where several servers share a database: what they allow in all, in a burst and over a restart.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createServer, memory, postgres, sqlite, type Storage, type TriplaneServer } from '../../../src/server/index.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const app = { appId: 'a9900000-0000-4000-8000-000000000001', adminToken: 'ad000000-0000-4000-8000-000000000001' };
const rules = {
  notes: { allow: { create: "rateLimit.posts.limit('everybody')" } },
  $rateLimits: { posts: { limits: [{ capacity: 20, refill: { period: '1 hour' } }] } },
};

interface Database {
  /** The storage of one more server. */
  open(): Promise<Storage>;
  stop(): Promise<void>;
}

let database: Postgres | undefined;
let schemas = 0;
const databases: Readonly<Record<string, () => Promise<Database>>> = {
  async memory() {
    const storage = memory();
    return { open: async () => ({ ...storage, close: async () => {} }), stop: () => storage.close() };
  },
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'triplane-limits-'));
    return { open: () => sqlite(folder), stop: async () => rmSync(folder, { recursive: true, force: true }) };
  },
  async PostgreSQL() {
    const schema = `s${++schemas}`;
    return { open: () => postgres(String(database?.url), { schema }), stop: async () => {} };
  },
};

const running = new Set<TriplaneServer>();
let opened: Database | undefined;
beforeAll(async () => {
  database = await startPostgres();
}, 180_000);
afterEach(async () => {
  await Promise.all([...running].map((server) => server.close()));
  running.clear();
  await opened?.stop();
});
afterAll(() => database?.stop());

async function start(from: Database): Promise<TriplaneServer> {
  const server = await createServer({
    ...app,
    rules: rules as object,
    storage: await from.open(),
    sendMagicCode: () => {},
    limits: { ephemeralApps: 20, oauthStarts: 20 },
  });
  running.add(server);
  return server;
}

async function end(server: TriplaneServer): Promise<void> {
  running.delete(server);
  await server.close();
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: object): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const { type } = (await answer.json()) as { readonly type?: string };
  return answer.ok ? 'ok' : String(type);
}

const requests = {
  codes: (server: TriplaneServer) =>
    post(`${server.url}/runtime/auth/send_magic_code`, {}, { 'app-id': app.appId, email: 'ann@example.com' }),
  '$rateLimits of a write': (server: TriplaneServer) =>
    post(
      `${server.url}/admin/transact`,
      { authorization: `Bearer ${app.adminToken}`, 'app-id': app.appId, 'as-guest': 'true' },
      { steps: [['update', 'notes', crypto.randomUUID(), { text: 'x' }]], 'throw-on-missing-attrs?': false },
    ),
  'ephemeral apps': (server: TriplaneServer) => post(`${server.url}/dash/apps/ephemeral`, {}, { title: 'one' }),
  'sign-ins by redirect': (server: TriplaneServer) => startSignIn(server, 'https://app.example/'),
};

async function startSignIn(server: TriplaneServer, redirectUri: string): Promise<string> {
  const query = new URLSearchParams({ app_id: app.appId, client_name: 'web', redirect_uri: redirectUri });
  const response = await fetch(`${server.url}/runtime/oauth/start?${query}`, { redirect: 'manual' });
  return response.status === 302 ? 'ok' : ((await response.json()) as { readonly type: string }).type;
}

async function configureOAuth(servers: readonly TriplaneServer[]): Promise<void> {
  const [server] = servers as readonly [TriplaneServer];
  const set = async (path: string, body: object): Promise<{ readonly provider?: { readonly id: string } }> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${app.adminToken}` };
    const url = `${server.url}/dash/apps/${app.appId}/${path}`;
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json() as never;
  };
  await set('authorized_redirect_origins', { service: 'generic', params: ['app.example'] });
  const { provider } = await set('oauth_service_providers', { provider_name: 'github' });
  await set('oauth_clients', { provider_id: provider?.id, client_name: 'web', client_id: 'cid', client_secret: 'sec' });
  // Refused before it is counted, by a server that knows the client.
  for (const each of servers) await expect.poll(() => startSignIn(each, 'https://elsewhere.example/')).toBe('validation-failed');
}

describe.for(['memory', 'SQLite', 'PostgreSQL'] as const)('on %s', (name) => {
  test.for(
    [1, ...(name === 'SQLite' ? [] : [2, 3])].flatMap((count) => Object.entries(requests).map(([what, send]) => ({ count, what, send }))),
  )('$count servers allow 20 of a burst, one is restarted, and they allow no more: $what', async ({ count, what, send }) => {
    opened = (await databases[name]?.())!;
    const servers: TriplaneServer[] = [];
    for (let n = 0; n < count; n++) servers.push(await start(opened));
    if (what === 'sign-ins by redirect') await configureOAuth(servers);
    const burst = (most: number): Promise<string[]> => Promise.all(Array.from({ length: most }, (_, n) => send(servers[n % count]!)));
    const answers = await burst(15);
    expect(new Set(answers)).toEqual(new Set(['ok']));
    await end(servers[0]!);
    servers[0] = await start(opened);
    answers.push(...(await burst(15)));
    expect(answers.filter((each) => each === 'ok')).toHaveLength(20);
    expect(answers.filter((each) => each === 'rate-limited')).toHaveLength(10);
  });
});
