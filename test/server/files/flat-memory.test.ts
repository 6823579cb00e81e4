// A file larger than what the server may hold goes through it: up and down, memory stays flat.

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { init as initAdmin } from '@instantdb/admin';
import { createServer, diskFiles } from '../../../src/server/index.ts';

const MiB = 1024 * 1024;
const fileBytes = Number(process.env.FLAT_MEMORY_MIB ?? 256) * MiB;
/** A quarter of the file: a copy of it would show, and so would half a copy. */
const mostBytes = fileBytes / 4;

/** Buffers are outside the heap. */
const held = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

test('uploading and downloading a large file takes constant memory', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'triplane-flat-'));
  const server = await createServer({ files: diskFiles(folder) });
  // The HTTP side of the server is loaded with the first request.
  await fetch(`${server.url}/health`);
  const before = held();
  let peak = 0;
  const watch = (): void => {
    peak = Math.max(peak, held() - before);
  };
  const chunk = Buffer.alloc(MiB, 'x');
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let sent = 0; sent < fileBytes; sent += MiB) {
      watch();
      yield chunk;
    }
  }
  const headers = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId, path: 'large.bin', 'content-length': fileBytes };
  const upload = request(`${server.url}/admin/storage/upload`, { method: 'PUT', headers });
  const answered = new Promise<number>((resolve, reject) => {
    upload.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)));
    upload.on('error', reject);
  });
  await pipeline(Readable.from(chunks()), upload);
  expect(await answered).toBe(200);

  const db = initAdmin({ appId: server.appId, adminToken: server.adminToken, apiURI: server.url });
  const { $files } = (await db.query({ $files: {} })) as unknown as { $files: { url: string; size: number }[] };
  expect($files).toMatchObject([{ size: fileBytes }]);
  let received = 0;
  const response = await fetch($files[0]?.url ?? '');
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    received += part.byteLength;
    watch();
  }
  expect(received).toBe(fileBytes);
  expect(peak).toBeLessThan(mostBytes);
  if (process.env.FLAT_MEMORY_MIB !== undefined) process.stdout.write(`peak ${Math.round(peak / MiB)} MiB for ${fileBytes / MiB} MiB\n`);
  await server.close();
  rmSync(folder, { recursive: true });
});
