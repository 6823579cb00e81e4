// A server makes backups of its apps: as the original's routes have them, for its tools, and for another server's import.

import { expect, onTestFinished, test } from 'vitest';
import { init } from '../../../src/admin/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/server.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { adminToken, appId, contentsOf, importFrom, recorded } from './support.ts';
import { importRemote } from './remote/support.ts';

const app = 'c9f86b3b-9c3c-4858-9777-67e60a882270';

async function serverWith(storage = memory(), id = app): Promise<TriplaneServer> {
  const server = await createServer({ storage, appId: id, adminToken });
  onTestFinished(() => server.close());
  return server;
}

type Json = Readonly<Record<string, unknown>>;

const on =
  (server: TriplaneServer, id = app, token = adminToken) =>
  async (method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: Json }> => {
    const response = await fetch(`${server.url}/dash/apps/${id}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const [json] = text.includes('\n') ? [{ text }] : [JSON.parse(text) as Json];
    return { status: response.status, body: json };
  };

test('another server imports an app from its backup, with its sign-ins, also while the app is disabled', async () => {
  const [first, second] = [memory(), memory()];
  await importFrom(recorded('backup-3'), { storage: first });
  const server = await serverWith(first);
  for (const status of ['active', 'read-only', 'disabled'] as const) {
    await server.app(app).setStatus(status);
    const { report } = await importRemote({ url: server.url, appId: app, adminToken, storage: second, import: { replace: true } });
    expect([report.isSame, report.files]).toEqual([true, 4]);
    const [before, after] = [await contentsOf(first, app), await contentsOf(second, app)];
    // Neither the status nor the name of the backup is the app's.
    const known = ({ records, ...rest }: typeof before): object => {
      const { status: _, backup, ...others } = records as Readonly<Record<string, Json>>;
      return { ...rest, records: { ...others, backup: { ...backup, description: '' } } };
    };
    expect(known(after)).toEqual(known(before));
  }
});

test('the backup routes: permissions, the fields of jobs and backups, unknown ids', async () => {
  const server = await serverWith(memory(), appId);
  const ask = on(server, appId);
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  await db.transact([1, 2].map((at) => db.tx['goals']![`e0000000-0000-4000-8000-00000000000${at}`]!.create({ title: 'a' })));
  expect(await ask('GET', '/backups')).toEqual({ status: 200, body: { backups: [] } });
  expect((await on(server, appId, appId)('POST', '/backups')).status).toBe(401);
  const [one, two] = await Promise.all([ask('POST', '/backups', { description: 'Mine' }), ask('POST', '/backups')]);
  expect(one).toMatchObject({
    status: 200,
    body: { job: { app_id: appId, job_status: 'processing', description: 'Mine', done_at: null } },
  });
  expect(two).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('A backup is already in progress for this app.') as string },
  });
  const { id: jobId } = one.body['job'] as { id: string };
  await expect.poll(async () => (await ask('GET', `/backup-jobs/${jobId}`)).body).toMatchObject({ job: { job_status: 'completed' } });
  const { job } = (await ask('GET', `/backup-jobs/${jobId}`)).body as { job: Json };
  expect(Object.keys(job).sort()).toEqual([
    'app_backup_id',
    'app_id',
    'created_at',
    'description',
    'done_at',
    'id',
    'job_status',
    'updated_at',
    'work_completed',
    'work_estimate',
  ]);
  expect([job['work_estimate'], job['work_completed']]).toEqual([4, 4]);
  expect(await ask('GET', '/backup-jobs')).toMatchObject({ body: { jobs: [] } });
  expect((await ask('GET', '/backups')).body).toMatchObject({
    backups: [{ id: job['app_backup_id'], isn: '', description: 'Mine', db_size: null }],
  });
  const backup = `/backups/${String(job['app_backup_id'])}`;
  const { files } = (await ask('GET', `${backup}/files`)).body as { files: { name: string }[] };
  expect(files.map(({ name }) => name)).toEqual(['config.json', 'entities/goals.jsonl']);
  const { url } = (await ask('GET', `${backup}/file-url?name=entities%2Fgoals.jsonl`)).body as { url: string };
  expect((await (await fetch(url)).text()).split('\n')).toHaveLength(3);
  expect((await fetch(url.replace('goals', 'tasks'))).status).toBe(400);
  expect((await ask('GET', `${backup}/storage-files`)).body).toEqual({ text: '{"done":true}\n' });
  expect(await ask('GET', `${backup}/file-url`)).toMatchObject({ status: 400, body: { type: 'param-missing' } });
  expect(await ask('GET', '/backup-jobs/x')).toMatchObject({ status: 400, body: { type: 'param-malformed' } });
  expect(await ask('GET', `/backup-jobs/${appId}`)).toEqual({ status: 200, body: { job: null } });
  expect(await ask('GET', `/backups/${appId}/files`)).toMatchObject({
    status: 400,
    body: { type: 'record-not-found', hint: { id: appId } },
  });
  expect(await ask('DELETE', `/backup-jobs/${jobId}`)).toMatchObject({ status: 400, body: { type: 'record-not-found' } });
  expect((await ask('DELETE', backup)).status).toBe(200);
  expect(await ask('GET', '/backups')).toEqual({ status: 200, body: { backups: [] } });
});

test('a backup is a snapshot although writes continue while it is made; the last three are kept', async () => {
  const [first, second] = [memory(), memory()];
  const server = await serverWith(first, appId);
  const ask = on(server, appId);
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  const idOf = (at: number): string => `e0000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  await db.transact(Array.from({ length: 500 }, (_, at) => db.tx['goals']![idOf(at)]!.create({ round: 0 })));
  for (let round = 1; round <= 4; round++) {
    const [{ body }] = await Promise.all([
      ask('POST', '/backups'),
      ...Array.from({ length: 5 }, (_, at) =>
        db.transact([db.tx['goals']![idOf(at)]!.update({ round }), db.tx['goals']![idOf(at + 100)]!.update({ round })]),
      ),
    ]);
    const { id } = body['job'] as { id: string };
    await expect.poll(async () => (await ask('GET', `/backup-jobs/${id}`)).body).toMatchObject({ job: { job_status: 'completed' } });
  }
  const { backups } = (await ask('GET', '/backups')).body as { backups: { id: string }[] };
  expect(backups).toHaveLength(3);
  for (const { id } of backups) {
    const { url } = (await ask('GET', `/backups/${id}/file-url?name=entities%2Fgoals.jsonl`)).body as { url: string };
    const lines = (await (await fetch(url)).text()).trimEnd().split('\n');
    const rows = lines.map((line) => (JSON.parse(line) as { entity: { round: number } }).entity.round);
    expect(rows.slice(0, 5)).toEqual(rows.slice(100, 105));
  }
  const { report } = await importRemote({ url: server.url, appId, adminToken, storage: second });
  expect(report.namespaces).toMatchObject([{ etype: 'goals', stored: { rows: 500 } }]);
});
