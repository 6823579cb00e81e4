// Bodies that are refused while they arrive: the client reads why, and its connection goes on.

import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import type { FileStore } from '../../../src/server/files/file-store.ts';
import { silent } from '../../../src/lib/log.ts';
import { memoryFiles } from '../../../src/server/files/memory-files.ts';

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer({ files: memoryFiles(), limits: { fileBytes: 300_000, frameBytes: 300_000 } });
});
afterAll(() => server.close());

const part = new Uint8Array(65_536);

/** Of unknown length, so that it is refused in the middle. */
function chunked(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) controller.close();
      else controller.enqueue(part);
      left -= part.byteLength;
    },
  });
}

async function send(method: string, path: string, bytes: number): Promise<number> {
  const headers = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId, path: 'a', 'content-type': 'application/json' };
  const sent = { method, headers, body: chunked(bytes), duplex: 'half' } as RequestInit;
  const response = await fetch(server.url + path, sent);
  await response.text();
  return response.status;
}

test.for([
  ['PUT', '/admin/storage/upload', 400],
  ['POST', '/admin/transact', 413],
] as const)('%s %s', async ([method, path, status]) => {
  for (let attempt = 0; attempt < 6; attempt++) {
    expect(await send(method, path, 3_000_000)).toBe(status);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  }
});

test('a client that goes away in the middle of an upload is not logged as a failure of the server', async () => {
  const [inner, failed, logged]: [FileStore, unknown[], unknown[]] = [memoryFiles(), [], []];
  const write: FileStore['write'] = (...upload) =>
    inner.write(...upload).catch((error: unknown) => {
      failed.push(error);
      throw error;
    });
  const other = await createServer({ files: { ...inner, write }, log: { ...silent, error: (...parts) => void logged.push(parts) } });
  const socket = connect(other.port, '127.0.0.1');
  const headers = [`authorization: Bearer ${other.adminToken}`, `app-id: ${other.appId}`, 'path: a', 'Host: x', 'Content-Length: 1000000'];
  socket.write(`PUT /admin/storage/upload HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${'x'.repeat(1000)}`);
  await expect.poll(() => socket.bytesWritten).toBeGreaterThan(1000);
  await fetch(`${other.url}/health`);
  socket.destroy();
  await expect.poll(() => failed).toHaveLength(1);
  await fetch(`${other.url}/health`);
  expect(failed).toMatchObject([{ body: { type: 'param-malformed' } }]);
  expect(logged).toEqual([]);
  await other.close();
});
