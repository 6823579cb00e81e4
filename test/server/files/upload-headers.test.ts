// The headers of an upload: where the path may stand, and what is told of one that is missing or malformed.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { init } from '../../../src/admin/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { memoryFiles } from '../../../src/server/files/memory-files.ts';

let server: TriplaneServer;
let token: string;
beforeAll(async () => {
  server = await createServer({ files: memoryFiles() });
  const db = init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
  token = await db.auth.createToken({ email: 'ann@example.com' });
  const code = { $files: { allow: { $default: 'auth.id != null' } } };
  const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' };
  await fetch(`${server.url}/dash/apps/${server.appId}/rules`, { method: 'POST', headers, body: JSON.stringify({ code }) });
});
afterAll(() => server.close());

async function put(headers: Record<string, string>, base = '/storage') {
  const own = { authorization: `Bearer ${base === '/storage' ? token : server.adminToken}`, 'app-id': server.appId };
  const answer = await fetch(`${server.url}${base}/upload`, { method: 'PUT', headers: { ...own, ...headers }, body: 'bytes' });
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
}

async function paths(): Promise<unknown[]> {
  const answer = await fetch(`${server.url}/admin/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId, 'content-type': 'application/json' },
    body: JSON.stringify({ query: { $files: {} } }),
  });
  return ((await answer.json()) as { $files: { path: string }[] }).$files.map(({ path }) => path).sort();
}

test('the path is in one of two headers; the same path keeps its id', async () => {
  const first = await put({ path: 'a.txt' });
  expect(first).toEqual({ status: 200, body: { data: { id: expect.any(String), 'location-id': expect.any(String), size: 5 } } });
  const again = await put({ filename: 'a.txt' });
  expect(again.body['data']).toMatchObject({ id: (first.body['data'] as { id: string }).id, size: 5 });
  expect(again.body['data']).not.toEqual(first.body['data']);
  await put({ path: 'b.txt', filename: 'c.txt' });
  expect(await paths()).toEqual(['a.txt', 'b.txt']);
});

test('a path that is missing or blank, and an app id that is none, are told with the places where they may stand', async () => {
  expect(await put({})).toMatchObject({
    status: 400,
    body: { type: 'param-missing', hint: { in: ['path'], 'possible-ins': [['filename']] } },
  });
  const blank = { in: ['path'], 'possible-ins': [['path'], ['filename']], 'original-input': '' };
  expect(await put({ path: '' })).toMatchObject({ status: 400, body: { type: 'param-malformed', hint: blank } });
  expect(await put({ path: '  ' })).toMatchObject({ status: 400, body: { type: 'param-malformed', hint: blank } });
  expect((await put({ filename: 'a.txt' }, '/admin/storage')).body).toMatchObject({ type: 'param-missing', hint: { in: ['path'] } });
  expect((await put({ path: 'a', 'app-id': 'x' })).body).toMatchObject({
    type: 'param-malformed',
    hint: { in: ['app-id'], 'possible-ins': [['app-id'], ['app_id']], 'original-input': 'x' },
  });
});
