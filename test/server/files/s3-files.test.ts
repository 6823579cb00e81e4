// Files in a bucket, on a real server that speaks S3: what the routes do on disk they do here.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { init as initAdmin } from '@instantdb/admin';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type FileStore, s3Files, type TriplaneServer } from '../../../src/server/index.ts';
import { eventually } from '../../support/eventually.ts';

let bucketServer: S3rver;
let folder: string;
let endpoint: string;
let store: FileStore;
let server: TriplaneServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'triplane-s3-'));
  bucketServer = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory: folder,
    configureBuckets: [{ name: 'files', configs: [] }],
  });
  const { port } = (await bucketServer.run()) as { port: number };
  endpoint = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  await bucketServer.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  store = s3Files({ bucket: 'files', prefix: 'mine/', endpoint, credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } });
  server = await createServer({ files: store });
});
afterEach(() => server.close());

const admin = () => initAdmin({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(server.appId)) found.push(key);
  return found;
}

async function urlOf(path: string): Promise<string> {
  const { $files } = (await admin().query({ $files: { $: { where: { path } } } } as never)) as unknown as { $files: { url: string }[] };
  return $files[0]!.url;
}

test('a file is stored, read in full and in part, replaced and removed', async () => {
  const { data } = await admin().storage.uploadFile('a.txt', Buffer.from('0123456789'), { contentType: 'text/plain' });
  expect(data).toMatchObject({ size: 10 });
  const old = await urlOf('a.txt');
  expect(await (await fetch(old)).text()).toBe('0123456789');
  const part = await fetch(old, { headers: { range: 'bytes=2-4' } });
  expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([206, '234', 'bytes 2-4/10']);
  await admin().storage.uploadFile('a.txt', Buffer.from('new'));
  expect(await (await fetch(await urlOf('a.txt'))).text()).toBe('new');
  await eventually(async () => expect(await keys()).toHaveLength(1));
  await admin().storage.delete('a.txt');
  await eventually(async () => expect(await keys()).toEqual([]));
});

test('a file of several parts is stored', async () => {
  const bytes = Buffer.alloc(20 * 1024 * 1024, 'triplane!');
  await admin().storage.uploadFile('big', bytes);
  const loaded = Buffer.from(await (await fetch(await urlOf('big'))).arrayBuffer());
  expect(loaded.equals(bytes)).toBe(true);
  const [start, end] = [8 * 1024 * 1024 - 2, 8 * 1024 * 1024 + 1];
  const part = await fetch(await urlOf('big'), { headers: { range: `bytes=${start}-${end}` } });
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(start, end + 1))).toBe(true);
});

test('an empty file is stored', async () => {
  await admin().storage.uploadFile('empty', Buffer.alloc(0));
  expect(await (await fetch(await urlOf('empty'))).text()).toBe('');
});

test('an upload that fails in the middle is not stored', async () => {
  const failing = async function* (): AsyncIterable<Uint8Array> {
    yield new Uint8Array(9 * 1024 * 1024);
    await Promise.resolve();
    throw new Error('cut');
  };
  await expect(store.write(server.appId, id(), failing())).rejects.toThrow('cut');
  expect(await keys()).toEqual([]);
});

test('a file that does not exist is undefined', async () => {
  expect(await store.read(server.appId, id())).toBeUndefined();
  await store.remove(server.appId, id());
});
