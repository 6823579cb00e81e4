// Bodies that are refused while they arrive: the client reads why, and its connection goes on.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
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
