// Files over HTTP, on every storage: put, replaced, renamed, deleted, seen by queries, loaded by their address, whole and in part; and
// what must not get in: cut, forged, refused.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { init as initAdmin } from '@instantdb/admin';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, diskFiles, memory, sqlite, type Storage, type TriplaneServer } from '../../../src/server/index.ts';
import { onEachStorage } from '../../support/storages.ts';
import { eventually } from '../../support/eventually.ts';

let server: TriplaneServer;
let storage: Storage;
let folder: string;

interface Answer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- JSON
}

interface File {
  readonly id: string;
  readonly path: string;
  readonly url: string;
  readonly size: number;
  readonly [field: string]: unknown;
}

const isOfGuests = {
  $files: { allow: { view: 'true', create: "data.path.startsWith('open/')", delete: "data.path.startsWith('open/')" } },
};

onEachStorage((fresh) => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'triplane-files-'));
    storage = await fresh();
    server = await start();
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (more = {}): Promise<TriplaneServer> => createServer({ storage, files: diskFiles(folder), ...more });
  const another = async (more: object): Promise<void> => {
    await server.close();
    storage = await fresh();
    server = await start(more);
  };

  async function call(method: string, path: string, headers: Record<string, string>, body?: BodyInit): Promise<Answer> {
    const answer = await fetch(server.url + path, { method, headers, ...(body !== undefined && { body }) });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  }

  const asAdmin = (more = {}) => ({ authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId, ...more });
  const put = (path: string, bytes: BodyInit, more = {}): Promise<Answer> =>
    call('PUT', '/admin/storage/upload', asAdmin({ path, ...more }), bytes);
  const putAsGuest = (path: string, bytes: BodyInit, more = {}): Promise<Answer> =>
    call('PUT', '/storage/upload', { 'app-id': server.appId, authorization: 'Bearer undefined', path, ...more }, bytes);
  const admin = () => initAdmin({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
  const files = async (where?: object): Promise<File[]> =>
    ((await admin().query({ $files: where ? { $: { where } } : {} } as never)) as unknown as { $files: File[] }).$files;
  const setRules = async (code: object): Promise<void> => {
    expect(
      (await call('POST', `/dash/apps/${server.appId}/rules`, asAdmin({ 'content-type': 'application/json' }), JSON.stringify({ code })))
        .status,
    ).toBe(200);
  };
  const kept = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).isFile());

  describe('an upload', () => {
    test('gets the same response as from InstantDB, and appears in queries', async () => {
      const { status, body } = await put('pub/hello.txt', 'Hello, world!', { 'content-type': 'text/plain' });
      expect({ status, body }).toEqual({
        status: 200,
        body: { data: { id: expect.any(String), 'location-id': expect.any(String), size: 13 } },
      });
      const [file] = await files();
      expect(file).toEqual({
        ...{ id: body.data.id, path: 'pub/hello.txt', size: 13, 'content-type': 'text/plain', 'content-disposition': 'inline' },
        ...{ 'location-id': body.data['location-id'], 'key-version': 1, url: expect.stringMatching(`^${server.url}/storage/f/`) },
      });
    });

    test('to the same path keeps the id and replaces the bytes', async () => {
      const first = (await put('a.txt', 'one')).body.data;
      const [old] = await files();
      const second = (await put('a.txt', 'two!', { 'content-type': 'text/html', 'content-disposition': 'attachment' })).body.data;
      expect(second.id).toBe(first.id);
      expect(second['location-id']).not.toBe(first['location-id']);
      const [file] = await files();
      expect(file).toMatchObject({ size: 4, 'content-type': 'text/html', 'content-disposition': 'attachment' });
      expect(await (await fetch(file!.url)).text()).toBe('two!');
      expect((await fetch(old!.url)).status).toBe(404);
      await eventually(() => expect(kept()).toHaveLength(1));
    });

    test.each([
      ['nothing', undefined, 'application/octet-stream'],
      ['"undefined"', 'undefined', 'application/octet-stream'],
      ['"null"', 'null', 'application/octet-stream'],
      ['nonsense', 'non sense', 'non sense'],
    ])('with a content type of %s', async (_what, type, shown) => {
      await put('n.bin', new Uint8Array([1, 2]), type === undefined ? {} : { 'content-type': type });
      expect((await files())[0]).toMatchObject({ 'content-type': shown, size: 2 });
    });

    test('of zero bytes creates an empty file', async () => {
      expect((await put('e.bin', '')).body.data.size).toBe(0);
      const answer = await fetch((await files())[0]!.url);
      expect([answer.status, await answer.text()]).toEqual([200, '']);
    });

    test.each([
      '/lead.txt',
      'a/../b.txt',
      '../../../etc/passwd',
      'dir/',
      'a//b',
      '.',
      '..\\..\\x',
      'C:\\x',
      'a%2F..%2Fb',
      "it's (1) ü.txt",
    ])('to the path %s creates a file of that path, stored under its own id in the folder of the app', async (path) => {
      expect((await put(path, 'x')).status).toBe(200);
      const [file] = await files();
      expect(file!.path).toBe(path);
      expect(await (await fetch(file!.url)).text()).toBe('x');
      expect(kept()).toEqual([expect.stringMatching(`^${server.appId}/[0-9a-f]{2}/[0-9a-f]{64}/[0-9a-f-]{36}$`)]);
    });

    test('accepts a percent-encoded path', async () => {
      expect((await call('PUT', '/admin/storage/upload', asAdmin({ 'x-path': encodeURIComponent('日本/🥊.txt') }), 'x')).status).toBe(200);
      expect(
        (await call('PUT', '/admin/storage/upload', asAdmin({ 'x-path': `path*=UTF-8''${encodeURIComponent('ž.txt')}` }), 'x')).status,
      ).toBe(200);
      expect((await files()).map(({ path }) => path).sort()).toEqual(['ž.txt', '日本/🥊.txt']);
      expect(await call('PUT', '/admin/storage/upload', asAdmin({ 'x-path': '%E0%A4%A' }), 'x')).toMatchObject({
        status: 400,
        body: { type: 'param-malformed', hint: { in: ['x-path'] } },
      });
    });

    test('of JSON keeps its bytes', async () => {
      await put('a.json', '{"a": 1}', { 'content-type': 'application/json' });
      expect(await (await fetch((await files())[0]!.url)).text()).toBe('{"a": 1}');
    });

    test.each([
      ['no path', {}, 'param-missing'],
      ['an empty path', { path: '' }, 'param-malformed'],
      ['a blank path', { path: '  ' }, 'param-malformed'],
      ['a path reserved for streams', { path: '$stream/x/0' }, 'validation-failed'],
      ['a path that is too long', { path: 'p'.repeat(5000) }, 'validation-failed'],
    ])('with %s is rejected', async (_what, headers, type) => {
      expect(await call('PUT', '/admin/storage/upload', asAdmin(headers), 'x')).toMatchObject({ status: 400, body: { type } });
      expect(kept()).toEqual([]);
    });

    test('with a wrong token, no app id or a malformed app id is rejected', async () => {
      const path = { path: 'x' };
      expect((await call('PUT', '/admin/storage/upload', { ...asAdmin(path), authorization: `Bearer ${id()}` }, 'x')).body.type).toBe(
        'record-not-found',
      );
      expect((await call('PUT', '/storage/upload', path, 'x')).body).toMatchObject({ type: 'param-missing', hint: { in: ['app-id'] } });
      expect((await call('PUT', '/storage/upload', { ...path, 'app-id': 'x' }, 'x')).body).toMatchObject({ type: 'param-malformed' });
      expect(kept()).toEqual([]);
    });

    test('larger than the limit is rejected, with and without a content length', async () => {
      await another({ limits: { fileBytes: 100_000 } });
      expect((await put('big', new Uint8Array(100_001))).body).toMatchObject({ type: 'validation-failed', hint: { limit: 'fileBytes' } });
      const stream = new Blob([new Uint8Array(100_001)]).stream();
      const chunked = await fetch(`${server.url}/admin/storage/upload`, {
        ...{ method: 'PUT', headers: asAdmin({ path: 'big' }), body: stream, duplex: 'half' },
      });
      expect((await chunked.json()) as object).toMatchObject({ type: 'validation-failed' });
      expect((await put('fits', new Uint8Array(100_000))).status).toBe(200);
      expect(kept()).toHaveLength(1);
    });

    test.each(['with its length', 'in chunks'])('interrupted in the middle, sent %s, leaves no file', async (how) => {
      const { port, appId, adminToken } = server;
      const head = how === 'in chunks' ? 'transfer-encoding: chunked' : 'content-length: 1000000';
      const some = how === 'in chunks' ? `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n` : 'x'.repeat(70_000);
      const request = `PUT /admin/storage/upload HTTP/1.1\r\nhost: x\r\napp-id: ${appId}\r\nauthorization: Bearer ${adminToken}\r\npath: cut\r\n${head}\r\n\r\n`;
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(request);
      socket.write(some);
      await eventually(() => expect(kept()).toHaveLength(1));
      socket.destroy();
      await eventually(() => expect(kept()).toEqual([]));
      expect(await files()).toEqual([]);
      expect((await put('cut', 'whole')).status).toBe(200);
    });

    test('in a read-only app is rejected; existing files can still be loaded', async () => {
      await put('a', 'x');
      const [file] = await files();
      await server.app(server.appId).setStatus('read-only');
      expect(await put('b', 'x')).toMatchObject({ status: 400, body: { type: 'app-read-only' } });
      expect(await (await fetch(file!.url)).text()).toBe('x');
    });
  });

  describe('rules', () => {
    test('without rules, clients can neither upload, read nor delete files', async () => {
      await put('a', 'x');
      const refused = (action: string) => ({
        status: 400,
        body: { type: 'permission-denied', hint: { input: ['$files', action], expected: 'has-storage-permission?' } },
      });
      expect(await putAsGuest('b', 'x')).toMatchObject(refused('create'));
      expect(await call('DELETE', `/storage/files?app_id=${server.appId}&filename=a`, {})).toMatchObject(refused('delete'));
      expect(await call('GET', `/storage/signed-download-url?app_id=${server.appId}&filename=a`, {})).toMatchObject(refused('view'));
      expect(kept()).toHaveLength(1);
    });

    test('decide which paths a client may upload to and delete', async () => {
      await setRules(isOfGuests);
      expect((await putAsGuest('open/a', 'x')).status).toBe(200);
      expect((await putAsGuest('shut/a', 'x')).body.type).toBe('permission-denied');
      await put('shut/b', 'x');
      expect((await call('DELETE', `/storage/files?app_id=${server.appId}&filename=shut%2Fb`, {})).body.type).toBe('permission-denied');
      const gone = await call('DELETE', `/storage/files?app_id=${server.appId}&filename=open%2Fa`, {});
      expect(gone).toMatchObject({ status: 200, body: { data: { id: expect.any(String) } } });
      await eventually(() => expect(kept()).toHaveLength(1));
    });

    test('know the user of a request', async () => {
      await setRules({ $files: { allow: { create: "auth.id != null && data.path.startsWith(auth.id + '/')" } } });
      const { user } = (
        await call('POST', '/admin/refresh_tokens', asAdmin({ 'content-type': 'application/json' }), '{"email":"a@example.com"}')
      ).body;
      const signedIn = { authorization: `Bearer ${user.refresh_token}` };
      expect((await putAsGuest(`${user.id}/a`, 'x', signedIn)).status).toBe(200);
      expect((await putAsGuest('other/a', 'x', signedIn)).body.type).toBe('permission-denied');
      expect((await putAsGuest(`${user.id}/a`, 'x', { authorization: `Bearer ${id()}` })).body.type).toBe('permission-denied');
      const asUser = await call('PUT', '/admin/storage/upload', asAdmin({ path: `${user.id}/b`, 'as-email': 'a@example.com' }), 'x');
      expect(asUser.status).toBe(200);
      expect((await call('PUT', '/admin/storage/upload', asAdmin({ path: 'b', 'as-guest': 'true' }), 'x')).body.type).toBe(
        'permission-denied',
      );
    });
  });

  describe('the URL of a file', () => {
    const load = async (headers: Record<string, string> = {}, method = 'GET') => {
      const answer = await fetch((await files())[0]!.url, { method, headers });
      return { status: answer.status, text: await answer.text(), headers: answer.headers };
    };

    test.each([
      ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-2', 206, '89', 'bytes 8-9/10'],
      ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
      ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
      ['bytes=9-9', 206, '9', 'bytes 9-9/10'],
      ['bytes=10-', 416, '', 'bytes */10'],
      ['bytes=-0', 416, '', 'bytes */10'],
      ['bytes=5-2', 200, '0123456789', null],
      ['bytes=0-1,4-5', 200, '0123456789', null],
      ['lines=1-2', 200, '0123456789', null],
    ])('responds to the range %s', async (range, status, text, shown) => {
      await put('digits', '0123456789');
      const answer = await load({ range });
      expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([status, text, shown]);
    });

    test('has the headers for types and caching, and responds 304 to a known etag', async () => {
      await put('p.png', 'png', { 'content-type': 'image/png', 'content-disposition': 'attachment; filename="p.png"' });
      const { headers } = await load({ origin: 'https://app.example' });
      expect(Object.fromEntries(headers)).toMatchObject({
        ...{ 'content-type': 'image/png', 'content-disposition': 'attachment; filename="p.png"', 'content-length': '3' },
        ...{ 'accept-ranges': 'bytes', 'x-content-type-options': 'nosniff', 'access-control-allow-origin': 'https://app.example' },
      });
      const etag = headers.get('etag') ?? '';
      expect(await load({ 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
      expect(await load({ range: 'bytes=0-0', 'if-range': '"other"' })).toMatchObject({ status: 200 });
      expect(await load({ range: 'bytes=0-0', 'if-range': etag })).toMatchObject({ status: 206 });
      const head = await load({}, 'HEAD');
      expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', '3']);
    });

    test('that is forged, or for another file, is rejected', async () => {
      await put('a', 'x');
      await put('b', 'y');
      const [one, other] = (await files()).map(({ url }) => new URL(url));
      const tried = [
        one!.pathname + other!.search,
        `${one!.pathname}?e=99999999999&s=${one!.searchParams.get('s')}`,
        one!.pathname,
        `${one!.pathname}?e=${one!.searchParams.get('e')}&s=`,
        `/storage/f/${id()}/${one!.pathname.split('/').at(-1)}${one!.search}`,
      ];
      for (const path of tried) expect((await fetch(server.url + path)).status).toBe(400);
      expect((await fetch(`${server.url}/storage/f/${server.appId}/..%2f..%2fserver.json${one!.search}`)).status).toBe(400);
    });

    test('begins with the public URL of the server', async () => {
      await another({ publicUrl: 'https://files.example/' });
      await put('a', 'x');
      expect((await files())[0]!.url).toMatch(/^https:\/\/files\.example\/storage\/f\//);
    });

    test('of an HTML page has a sandbox policy', async () => {
      await put('a.html', '<script>1</script>', { 'content-type': 'text/html' });
      expect((await load()).headers.get('content-security-policy')).toBe('sandbox');
    });
  });

  test('files with the same content share their bytes, and are deleted separately', async () => {
    for (const path of ['a', 'b', 'c']) await put(path, 'same');
    const inodes = (): number => new Set(kept().map((path) => statSync(join(folder, path)).ino)).size;
    expect([kept().length, inodes()]).toEqual([3, 1]);
    await admin().transact(
      (admin().tx as never as Record<string, Record<string, { delete(): never }>>).$files![(await files({ path: 'a' }))[0]!.id]!.delete(),
    );
    await eventually(() => expect(kept()).toHaveLength(2));
    expect(await (await fetch((await files({ path: 'b' }))[0]!.url)).text()).toBe('same');
    const many = await call(
      'POST',
      '/admin/storage/files/delete',
      asAdmin({ 'content-type': 'application/json' }),
      JSON.stringify({ filenames: ['b', 'none', 'c', 'c'] }),
    );
    expect(many.body.data.ids).toHaveLength(2);
    await eventually(() => expect(kept()).toEqual([]));
  });

  test('of many concurrent uploads to one path one complete file remains', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => put('one', `${n}`.repeat(100_000))));
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
    const [file] = await files();
    const text = await (await fetch(file!.url)).text();
    expect(text).toBe(text[0]!.repeat(100_000));
    await eventually(() => expect(kept()).toHaveLength(1));
  });

  test('a transaction can rename and annotate files, but not create or forge them', async () => {
    const { data } = (await put('a', 'x')).body;
    const step = (fields: object, eid: string = data.id) =>
      call(
        'POST',
        '/admin/transact',
        asAdmin({ 'content-type': 'application/json' }),
        JSON.stringify({ steps: [['update', '$files', eid, fields]] }),
      );
    expect((await step({ path: 'b', caption: 'mine' })).status).toBe(200);
    expect((await files())[0]).toMatchObject({ path: 'b', caption: 'mine', size: 1 });
    for (const fields of [{ size: 5 }, { url: 'x' }, { 'location-id': 'x' }, { 'content-type': 'x' }])
      expect((await step(fields)).body.type).toBe('validation-failed');
    expect((await step({ path: 'c' }, id())).body.type).toBe('validation-failed');
    await put('taken', 'x');
    expect((await step({ path: 'taken' })).body.type).toBe('record-not-unique');
  });

  test('a signed upload URL can be used once', async () => {
    await setRules(isOfGuests);
    const json = { 'content-type': 'application/json' };
    const ask = (filename: string) => call('POST', '/storage/signed-upload-url', json, JSON.stringify({ app_id: server.appId, filename }));
    expect((await ask('shut/a')).body.type).toBe('permission-denied');
    const url = (await ask('open/a')).body.data as string;
    const use = async () => {
      const answer = await fetch(url, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: 'hello' });
      return { status: answer.status, body: (await answer.json()) as object };
    };
    const both = await Promise.all([use(), use()]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    const spent = await use();
    expect(spent).toMatchObject({ body: { type: 'validation-failed', hint: { 'data-type': 'app-upload-url' } } });
    expect(JSON.stringify(spent)).not.toContain(url.split('/').at(-2));
    expect(await files()).toMatchObject([{ path: 'open/a', 'content-type': 'text/plain', size: 5 }]);
    const { data } = (await call('GET', `/storage/signed-download-url?app_id=${server.appId}&filename=open%2Fa`, {})).body;
    expect(await (await fetch(data)).text()).toBe('hello');
    expect((await call('GET', `/storage/signed-download-url?app_id=${server.appId}&filename=none`, {})).body).toEqual({ data: null });
    await eventually(() => expect(kept()).toHaveLength(1));
  });

  test('the official admin client uploads, lists, links and deletes files', async () => {
    const db = admin();
    const { data } = await db.storage.uploadFile('a b/ü.txt', Buffer.from('hello'), { contentType: 'text/plain' });
    const note = id();
    await db.transact((db.tx as any).notes[note].update({ text: 'x' }).link({ $files: data.id })); // eslint-disable-line @typescript-eslint/no-explicit-any -- no schema
    const { notes } = (await db.query({ notes: { $files: {} } } as never)) as unknown as { notes: { $files: File[] }[] };
    expect(await (await fetch(notes[0]!.$files[0]!.url)).text()).toBe('hello');
    expect(await db.storage.list()).toMatchObject([{ name: 'a b/ü.txt', size: 5 }]);
    expect(await (await fetch(await db.storage.getDownloadUrl('a b/ü.txt'))).text()).toBe('hello');
    expect(await db.storage.delete('a b/ü.txt')).toEqual({ data: { id: data.id } });
    expect(await db.storage.deleteMany(['a b/ü.txt'])).toEqual({ data: { ids: [] } });
  });
});

test('a file survives a restart, in the data folder; orphans of a killed process are removed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'triplane-files-'));
  const appId = id();
  const upload = async (to: TriplaneServer, path: string, bytes: Buffer): Promise<void> => {
    const headers = { authorization: `Bearer ${to.adminToken}`, 'app-id': appId, path };
    expect((await fetch(`${to.url}/admin/storage/upload`, { method: 'PUT', headers, body: new Uint8Array(bytes) })).status).toBe(200);
  };
  const urlOf = async (from: TriplaneServer): Promise<string> => {
    const db = initAdmin({ appId, adminToken: from.adminToken, apiURI: from.apiURI });
    return ((await db.query({ $files: {} } as never)) as unknown as { $files: File[] }).$files[0]!.url;
  };
  const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const bytes = Buffer.alloc(300_000, 'triplane ');
  try {
    server = await createServer({ storage: await sqlite(root), appId });
    await upload(server, 'a', bytes);
    const first = new URL(await urlOf(server));
    await server.close();
    const orphans = [join('uploads', id()), join('ab', 'ab'.repeat(32), id())].map((path) => join(root, 'files', appId, path));
    for (const path of orphans) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'left behind');
      utimesSync(path, new Date(0), new Date(0));
    }
    const young = join(root, 'files', appId, 'uploads', id());
    writeFileSync(young, 'may be under way');
    server = await createServer({ storage: await sqlite(root), appId });
    const second = new URL(await urlOf(server));
    expect(second.pathname + second.search).toBe(first.pathname + first.search);
    expect(hashOf(Buffer.from(await (await fetch(second)).arrayBuffer()))).toBe(hashOf(bytes));
    await eventually(() => expect(orphans.some(existsSync)).toBe(false));
    expect(existsSync(young)).toBe(true);
  } finally {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  }
});

test('a server whose storage keeps no files rejects an upload and names the option', async () => {
  const { files: _files, ...bare } = memory();
  server = await createServer({ storage: bare });
  try {
    const headers = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId, path: 'a' };
    const answer = await fetch(`${server.url}/admin/storage/upload`, { method: 'PUT', headers, body: 'x' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ type: 'validation-failed', message: expect.stringContaining('diskFiles') as string });
  } finally {
    await server.close();
  }
});
