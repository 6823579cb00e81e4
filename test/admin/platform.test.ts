// The SDK on platforms that have `fetch` and web streams and nothing of Node (workerd, Deno, Bun): bundled as for a worker, and run where
// nothing else is defined.

import vm from 'node:vm';

import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryFiles } from '../../src/server/files/memory-files.ts';

/** What workerd has of the web, as far as it is used; each of these is in Deno and Bun too. */
const platform = [
  ...['fetch', 'Request', 'Response', 'Headers', 'FormData', 'Blob', 'URL', 'URLSearchParams', 'AbortController', 'AbortSignal'],
  ...['ReadableStream', 'WritableStream', 'TransformStream', 'TextEncoder', 'TextDecoder', 'DOMException', 'Event', 'EventTarget'],
  // Those of this realm, which the ones above make.
  ...['Uint8Array', 'ArrayBuffer'],
  ...['setTimeout', 'clearTimeout', 'queueMicrotask', 'crypto', 'performance', 'console', 'atob', 'btoa', 'structuredClone'],
];

let server: TriplaneServer;
let worker: { run(program: string): Promise<unknown> };

beforeAll(async () => {
  server = await createServer({ files: memoryFiles() });
  const contents = `import * as admin from ${JSON.stringify(new URL('../../src/admin/index.ts', import.meta.url).pathname)}; globalThis.admin = admin;`;
  const bundled = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
  });
  const globals = globalThis as unknown as Record<string, unknown>;
  const context = vm.createContext(Object.fromEntries(platform.map((name) => [name, globals[name]])));
  vm.runInContext(bundled.outputFiles[0]?.text ?? '', context);
  const { appId, adminToken, apiURI } = server;
  vm.runInContext(`globalThis.db = admin.init(${JSON.stringify({ appId, adminToken, apiURI })})`, context);
  worker = { run: (program) => vm.runInContext(`(async () => { ${program} })()`, context) as Promise<unknown> };
});
afterAll(async () => {
  await worker.run('await db.close()');
  await server.close();
});

/** As values of this realm. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('the worker has no Node.js globals', async () => {
  expect(await worker.run('return [typeof process, typeof Buffer, typeof require, typeof setImmediate, typeof WebSocket].join()')).toBe(
    'undefined,undefined,undefined,undefined,undefined',
  );
});

test('queries, transactions, users and errors work', async () => {
  const program = `
    const note = admin.id();
    await db.transact(db.tx.notes[note].update({ text: 'a' }));
    const { code } = await db.auth.generateMagicCode('ann@example.com');
    const { created } = await db.auth.checkMagicCode('ann@example.com', code);
    const wrong = await db.asUser({ email: 'nobody@example.com' }).query({ notes: {} }).catch((error) => error);
    return [await db.query({ notes: { $: { fields: ['text'] } } }).then(({ notes }) => notes[0].text), created, wrong.status, wrong instanceof admin.InstantAPIError];`;
  expect(plain(await worker.run(program))).toEqual(['a', true, 400, true]);
});

test('a live query', async () => {
  const program = `
    const seen = [];
    for await (const payload of db.subscribeQuery({ live: {} })) {
      seen.push(payload.data.live.length);
      if (seen.length === 2) break;
      await db.transact(db.tx.live[admin.id()].update({ text: 'a' }));
    }
    return seen;`;
  expect(plain(await worker.run(program))).toEqual([0, 1]);
});

test('streams are written and read', async () => {
  const program = `
    const clientId = admin.id();
    const writer = db.streams.write({ clientId });
    await writer.write('Grüße, ');
    await writer.write('Welt');
    await writer.close();
    let text = '';
    for await (const chunk of db.streams.read({ clientId })) text += chunk;
    return text;`;
  expect(await worker.run(program)).toBe('Grüße, Welt');
});

test('files are uploaded from bytes, blobs and streams', async () => {
  const program = `
    const bytes = new TextEncoder().encode('hello');
    const stream = () => new ReadableStream({ start(controller) { controller.enqueue(bytes); controller.close(); } });
    await db.storage.uploadFile('a', bytes);
    await db.storage.uploadFile('b', new Blob(['hello']));
    await db.storage.uploadFile('c', stream());
    await db.storage.uploadFile('d', stream(), { fileSize: 5 });
    const { $files } = await db.query({ $files: {} });
    return Promise.all($files.map(async ({ url }) => (await fetch(url)).text()));`;
  expect(plain(await worker.run(program))).toEqual(['hello', 'hello', 'hello', 'hello']);
});

test('uploading from a file path is rejected without a file system', async () => {
  const program = `return (await db.storage.uploadFile('a', { filePath: '/etc/hostname' }).catch((error) => error)).code`;
  expect(['config-invalid', 'dependency-missing']).toContain(await worker.run(program));
});

test('webhooks are validated with the server’s keys', async () => {
  const program = `
    const header = 't=1,kid=none,v1=' + '0'.repeat(128);
    const body = '{"payloadUrl":"http://a","token":"b"}';
    return (await db.webhooks.validate(header, body, { receivedAt: new Date(1000) }).catch((error) => error)).message;`;
  expect(await worker.run(program)).toContain('No signing key');
});
