// Every call that keeps files: what the server is asked, what the caller gets, what is refused before anything is sent.

import { describe, expect, it } from 'vitest';

import * as files from '../../src/http/files.ts';
import type { AppConfig } from '../../src/http/request.ts';
import { useRecorder } from './recorder.ts';

const server = useRecorder();
const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const refreshToken = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const app = (): AppConfig => ({ apiURI: server.apiURI, appId });
const file = new Blob(['hello world'], { type: 'text/plain' });
const kept = { data: { id: '33333333-0000-4000-8000-000000000001', 'location-id': 'l1', size: 11 } };

describe('uploadFile', () => {
  const rows: readonly [name: string, changes: Partial<files.UploadParams>, headers: Record<string, string | undefined>][] = [
    [
      'the type of the file',
      {},
      { 'content-type': 'text/plain', path: 'a/b.txt', authorization: undefined, 'content-disposition': undefined },
    ],
    ['another type', { contentType: 'text/csv' }, { 'content-type': 'text/csv' }],
    ['no type', { file: new Blob(['x']) }, { 'content-type': undefined }],
    ['JSON is bytes too', { file: new Blob(['{}'], { type: 'application/json' }) }, { 'content-type': 'application/json' }],
    ['a disposition', { contentDisposition: 'attachment; filename="b.txt"' }, { 'content-disposition': 'attachment; filename="b.txt"' }],
    ['someone', { refreshToken }, { authorization: `Bearer ${refreshToken}` }],
    ['Latin-1', { path: 'Über uns.png' }, { path: 'Über uns.png', 'x-path': undefined }],
    ['beyond it', { path: '写真/一.png' }, { path: undefined, 'x-path': `path*=UTF-8''${encodeURIComponent('写真/一.png')}` }],
    ['a trailing space, which headers drop', { path: 'a ' }, { path: undefined, 'x-path': "path*=UTF-8''a%20" }],
    ['a line break', { path: 'a\nb' }, { path: undefined, 'x-path': "path*=UTF-8''a%0Ab" }],
  ];
  it.each(rows)('%s', async (_name, changes, headers) => {
    server.response({ body: kept });
    await expect(files.uploadFile(app(), { path: 'a/b.txt', file, ...changes })).resolves.toEqual(kept);
    const requested = server.requested[0];
    expect(requested).toMatchObject({ method: 'PUT', url: '/storage/upload', headers: { 'app-id': appId, app_id: appId } });
    expect(requested?.body).toBe(await (changes.file ?? file).text());
    const seen = { ...requested?.headers };
    // Node hands out a header's bytes one by one, which is what Latin-1 means.
    expect(Object.fromEntries(Object.keys(headers).map((name) => [name, seen[name]]))).toEqual(headers);
  });

  it('reports that the server does not accept the path', async () => {
    server.response({ status: 400, body: { type: 'param-missing', message: 'x', hint: { in: ['headers', 'path'] } } });
    await expect(files.uploadFile(app(), { path: '写真.png', file })).rejects.toMatchObject({
      code: 'config-invalid',
      message: "uploadFile: this server only accepts paths with Latin characters (up to U+00FF), not '写真.png'. Choose another path",
    });
    await expect(files.uploadFile(app(), { path: 'a.png', file })).rejects.toMatchObject({ code: 'refused' });
  });

  it.each([
    ['no path', { path: '' }, 'uploadFile: `path` must be a non-empty string, received an empty string'],
    ['no file', { file: 'hello' as never }, 'uploadFile: the file must be a File or a Blob, received a string'],
    ['a list of files', { file: [file] as never }, 'uploadFile: the file must be a File or a Blob, received an array'],
    ['an invalid content type', { contentType: 1 as never }, 'uploadFile: `contentType` must be a string or omitted, received a number'],
  ])('%s is rejected before a request is sent', async (_name, changes, message) => {
    await expect(files.uploadFile(app(), { path: 'a', file, ...changes })).rejects.toMatchObject({ code: 'config-invalid', message });
    expect(server.requested).toEqual([]);
  });

  it('a malformed response is rejected', async () => {
    await expect(files.uploadFile(app(), { path: 'a', file })).rejects.toMatchObject({ code: 'server-failed' });
  });
});

const query = `?app_id=${appId}&filename=a%2Fb%20c.png`;

it.each([
  ['a file', { data: { id: 'f1' } }, { data: { id: 'f1' }, id: 'f1' }],
  ['none', { data: { id: null } }, { data: { id: null }, id: null }],
])('deleteFile: %s', async (_name, body, result) => {
  server.response({ body });
  await expect(files.deleteFile(app(), { path: 'a/b c.png', refreshToken })).resolves.toEqual(result);
  expect(server.requested).toMatchObject([
    { method: 'DELETE', url: `/storage/files${query}`, headers: { authorization: `Bearer ${refreshToken}` } },
  ]);
});

it.each([
  ['a file', { data: 'https://files.example.org/1' }, 'https://files.example.org/1'],
  ['none', { data: null }, null],
])('getDownloadUrl: %s', async (_name, body, result) => {
  server.response({ body });
  await expect(files.getDownloadUrl(app(), { path: 'a/b c.png' })).resolves.toBe(result);
  expect(server.requested).toMatchObject([{ method: 'GET', url: `/storage/signed-download-url${query}` }]);
  expect(server.requested[0]?.headers).not.toHaveProperty('authorization');
});

it('a call can be aborted', async () => {
  const signal = AbortSignal.abort('enough');
  await expect(files.deleteFile(app(), { path: 'a', signal })).rejects.toBe('enough');
});
