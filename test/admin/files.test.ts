// Files with our admin SDK and with the official one, against the embedded server on each storage; and the sources that only ours takes.
// A test's number is that of the feature in docs/admin.md.

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { i } from '../../src/index.ts';
import { createServer, diskFiles, type TriplaneServer } from '../../src/server/index.ts';
import { onEachStorage } from '../support/storages.ts';
import { failureOf, type Sdk, sdks } from './sdks.ts';

const schema = i.schema({
  entities: {
    $files: i.entity({ path: i.string().unique().indexed(), url: i.string() }),
    $users: i.entity({ email: i.string().unique().indexed().optional() }),
  },
});

const rules = { $files: { allow: { view: 'true', create: 'auth.id != null' } } };

let server: TriplaneServer;

onEachStorage((fresh, storageName) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'triplane-files-'));
    // A database that several servers share keeps no files itself.
    const files = storageName === 'PostgreSQL' ? { files: diskFiles(folder) } : {};
    server = await createServer({ storage: await fresh(), schema, rules, ...files });
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(sdks)('%s', (name, sdk) => {
    const { id, lookup } = sdk;
    const mail = () => `${id()}@example.com`;
    const openDb = () => sdk.init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI, schema });
    let db: ReturnType<typeof openDb>;
    beforeEach(() => {
      db = openDb();
    });

    const fileOf = async (path: string): Promise<Record<string, unknown> | undefined> =>
      ((await db.query({ $files: { $: { where: { path } } } })) as { $files: Record<string, unknown>[] }).$files[0];
    const bytesOf = async (path: string): Promise<string> => (await fetch(String((await fileOf(path))?.['url']))).text();

    test('S44 S48 bytes are uploaded, and their length is known', async () => {
      const path = `photos/${id()}.txt`;
      const { data } = await db.storage.uploadFile(path, Buffer.from('hello world'));
      expect(data.id).toMatch(/^[\da-f-]{36}$/);
      expect(await fileOf(path)).toMatchObject({ id: data.id, path, size: 11 });
      expect(await bytesOf(path)).toBe('hello world');
      const { data: second } = await db.storage.uploadFile(path, new TextEncoder().encode('again'));
      expect(second.id).toBe(data.id);
      expect(await bytesOf(path)).toBe('again');
    });

    test('S47 an uploaded file has the given content type and disposition', async () => {
      const path = `${id()}.json`;
      await db.storage.uploadFile(path, Buffer.from('{"a":1}'), { contentType: 'application/json', contentDisposition: 'attachment' });
      expect(await fileOf(path)).toMatchObject({ 'content-type': 'application/json', 'content-disposition': 'attachment' });
      expect(await bytesOf(path)).toBe('{"a":1}');
    });

    test('S49 a stream is uploaded with the given size', async () => {
      const path = `exports/${id()}.jsonl`;
      await db.storage.uploadFile(path, Readable.from([Buffer.from('one\n'), Buffer.from('two\n')]), { fileSize: 8 });
      expect(await fileOf(path)).toMatchObject({ size: 8 });
      expect(await bytesOf(path)).toBe('one\ntwo\n');
    });

    test('S50 a file is deleted by a transaction', async () => {
      const path = `gone/${id()}`;
      const { data } = await db.storage.uploadFile(path, Buffer.from('x'));
      await db.transact(db.tx.$files[data.id]!.delete());
      expect(await fileOf(path)).toBeUndefined();
      await db.storage.uploadFile(path, Buffer.from('y'));
      await db.transact(db.tx.$files[lookup('path', path)]!.delete());
      expect(await fileOf(path)).toBeUndefined();
    });

    test('S41 S44 a guest uploads only what the rules allow', async () => {
      const path = `guest/${id()}`;
      const denied = await failureOf(() => db.asUser({ guest: true }).storage.uploadFile(path, Buffer.from('x')));
      expect(denied).toMatchObject({ status: 400, body: { type: 'permission-denied' } });
      expect(await fileOf(path)).toBeUndefined();
      await db
        .asUser({ email: (await db.auth.verifyToken(await db.auth.createToken({ email: mail() }))).email! })
        .storage.uploadFile(path, Buffer.from('x'));
      expect(await fileOf(path)).toMatchObject({ size: 1 });
    });

    test('S50 the deprecated methods list, find and delete files', async () => {
      const paths = [id(), id(), id()];
      for (const path of paths) await db.storage.uploadFile(path, Buffer.from(path));
      expect((await db.storage.list()).map(({ name: file }) => file)).toEqual(expect.arrayContaining(paths));
      expect(await (await fetch(await db.storage.getDownloadUrl(paths[0]!))).text()).toBe(paths[0]);
      expect((await db.storage.delete(paths[0]!)).data.id).toEqual(expect.any(String));
      expect((await db.storage.deleteMany(paths)).data.ids).toHaveLength(2);
    });

    if (name === 'triplane/admin') ownFiles(() => db as never, fileOf, bytesOf);
  });
});

/** Sources that only ours takes. */
function ownFiles(
  db: () => ReturnType<Sdk['init']>,
  fileOf: (path: string) => Promise<Record<string, unknown> | undefined>,
  bytesOf: (path: string) => Promise<string>,
): void {
  const { id } = Object.fromEntries(sdks)['triplane/admin'] as Sdk;
  const self = new URL('files.test.ts', import.meta.url);

  test('S44 a path with arbitrary characters is stored unchanged', async () => {
    const own = id();
    for (const name of ['日本/ü.txt', 'ž', '😀', ' a ', 'a\nb', '../up', 'a\\b', "path*=UTF-8''x", 'ü?b#c&d=e%20']) {
      const { data } = await db().storage.uploadFile(`${own}${name}`, name);
      expect(await fileOf(`${own}${name}`)).toMatchObject({ id: data.id });
      expect(await bytesOf(`${own}${name}`)).toBe(name);
    }
  });

  test('S45 a path is opened and closed by the SDK', async () => {
    const [byUrl, byPath] = [id(), id()];
    await db().storage.uploadFile(byUrl, self);
    await db().storage.uploadFile(byPath, { filePath: import.meta.filename });
    expect(await bytesOf(byUrl)).toContain('S45 a path is opened');
    expect((await fileOf(byPath))?.['size']).toBe((await fileOf(byUrl))?.['size']);
  });

  test('S46 an open file is read from the given position and stays open', async () => {
    const handle = await open(self);
    try {
      const path = id();
      await db().storage.uploadFile(path, { handle, start: 3 });
      expect(await bytesOf(path)).toMatch(/^Files with our admin SDK/);
      expect((await handle.stat()).size).toBe(Number((await fileOf(path))?.['size']) + 3);
    } finally {
      await handle.close();
    }
  });

  test('S44 S49 blobs, strings, web streams and iterables are uploaded, with or without a known length', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([104, 105]);
    }
    const progress: number[] = [];
    const sources = [new Blob(['hi']), 'hi', new Blob(['hi']).stream(), chunks()];
    for (const source of sources) {
      const path = id();
      await db().storage.uploadFile(path, source, { onProgress: ({ loaded }) => progress.push(loaded) });
      expect([await bytesOf(path), (await fileOf(path))?.['size']]).toEqual(['hi', 2]);
    }
    expect(progress).toEqual([2, 2, 2, 2]);
  });
}
