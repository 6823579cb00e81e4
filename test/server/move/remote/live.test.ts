// An app read from a running server by table sync and queries.

import { expect, test } from 'vitest';
import { init } from '../../../../src/admin/index.ts';
import { createServer, type TriplaneServer } from '../../../../src/server/server.ts';
import type { OAuthConfig } from '../../../../src/server/auth/oauth/oauth-config.ts';
import { memory } from '../../../../src/server/storage/memory.ts';
import { adminToken, contentsOf, importFrom, recorded } from '../support.ts';
import { importRemote } from './support.ts';

const app = 'c9f86b3b-9c3c-4858-9777-67e60a882270';

async function post<T>({ url }: TriplaneServer, path: string, body: object): Promise<T> {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  return (await (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as T;
}

/** Who may sign in and how. Queries do not tell times, and rows have ids where records may have none. */
function signIns(records: object): unknown {
  const entries = Object.entries(records).filter(([name]) => /^(token |identity |oauth$)/.test(name));
  const text = JSON.stringify(entries, (key, value: unknown) => (key === 'at' || key === 'created_at' ? undefined : value));
  return JSON.parse(text.replace(/(\{"user":"[^"]+"),"id":"[^"]+"\}/g, '$1}')) as unknown;
}

const secretNote = (client: string): string =>
  `queries do not tell the secret of the sign-in client '${client}': enter it with --client-secret ${client}=…, or later`;

test('the app of a recorded backup, served and imported again, is the same', async () => {
  const [first, second] = [memory(), memory()];
  await importFrom(recorded('backup-3'), { storage: first });
  const server = await createServer({ storage: first, appId: app, adminToken });
  const { settled, report } = await importRemote({ url: server.url, appId: app, adminToken, live: true, storage: second });
  expect([settled?.isSame, report.isSame, report.files]).toEqual([true, true, 4]);
  await server.close();
  const [before, after] = [await contentsOf(first, app), await contentsOf(second, app)];
  expect(after.triples).toEqual(before.triples);
  expect(after.attrs).toEqual(before.attrs);
  expect(signIns(after.records)).toEqual(signIns(before.records));
  const { clients } = (before.records as { oauth: OAuthConfig }).oauth;
  expect(clients.length).toBeGreaterThan(0);
  expect(report.notes).toEqual(clients.map(({ client_name: name }) => secretNote(name)));
});

test('users stay signed in, and sign-in clients are imported', async () => {
  const [first, second] = [memory(), memory()];
  const server = await createServer({ storage: first, appId: app, adminToken });
  const db = init({ appId: app, adminToken, apiURI: server.url });
  const token = await db.auth.createToken({ email: 'ann@example.com' });
  const path = `/dash/apps/${app}/oauth`;
  const { provider } = await post<{ provider: { id: string } }>(server, `${path}_service_providers`, { provider_name: 'google' });
  await post(server, `${path}_clients`, { provider_id: provider.id, client_name: 'web', client_id: 'c1', client_secret: 'hush' });
  const { report } = await importRemote({
    ...{ url: server.url, appId: app, adminToken, live: true, storage: second },
    import: { clientSecrets: { web: 'hush' } },
  });
  await server.close();
  expect(report.isSame).toBe(true);
  const [before, after] = [await contentsOf(first, app), await contentsOf(second, app)];
  expect(signIns(after.records)).toEqual(signIns(before.records));
  const copy = await createServer({ storage: second, appId: app, adminToken });
  expect(await init({ appId: app, adminToken, apiURI: copy.url }).auth.verifyToken(token)).toMatchObject({ email: 'ann@example.com' });
  await copy.close();
});

test('an app without signed-in users gets a note about --accept-tokens-from', async () => {
  const server = await createServer({ appId: app, adminToken });
  const { report } = await importRemote({ url: server.url, appId: app, adminToken, live: true, storage: memory() });
  await server.close();
  expect(report.notes).toEqual(['the source tells of no refresh tokens: --accept-tokens-from keeps users signed in']);
});
