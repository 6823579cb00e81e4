// Answers whose bodies end early: the log is told of failures of the server, the console of nothing.

import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { id } from '../../../src/lib/uuid.ts';
import { silent } from '../../../src/lib/log.ts';
import { memoryFiles } from '../../../src/server/files/memory-files.ts';
import type { FileStore } from '../../../src/server/files/file-store.ts';
import { createServer, type ServerOptions, type TriplaneServer } from '../../../src/server/server.ts';

let printed: readonly { readonly mock: { readonly calls: readonly unknown[] } }[] = [];
beforeEach(() => {
  printed = (['error', 'info', 'warn', 'log'] as const).map((level) => vi.spyOn(console, level).mockImplementation(() => {}));
});
afterEach(() => void vi.restoreAllMocks());
const isQuiet = (): void => {
  for (const { mock } of printed) expect(mock.calls).toEqual([]);
};

const logged: (readonly unknown[])[] = [];
async function serve(options: ServerOptions): Promise<TriplaneServer> {
  logged.length = 0;
  return createServer({ ...options, log: { ...silent, error: (...parts) => void logged.push(parts) } });
}

const headersOf = ({ appId, adminToken }: TriplaneServer) => ({
  'content-type': 'application/json',
  'app-id': appId,
  authorization: `Bearer ${adminToken}`,
});

/** A request whose answer is not read any further than its first bytes. */
async function unread(
  server: TriplaneServer,
  path: string,
  body?: object,
): Promise<{ readonly socket: Socket; readonly ended: Promise<unknown> }> {
  const text = body ? JSON.stringify(body) : '';
  const head = Object.entries({ ...headersOf(server), 'content-length': String(Buffer.byteLength(text)), host: 'server' });
  const lines = [`${body ? 'POST' : 'GET'} ${path} HTTP/1.1`, ...head.map(([name, value]) => `${name}: ${value}`), '', text];
  const socket = connect(server.port, '127.0.0.1');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.write(lines.join('\r\n'));
  await Promise.race([new Promise((resolve) => socket.once('data', resolve)), ended]);
  socket.pause();
  return { socket, ended };
}

test.each(['queries', 'event streams'])('%s that the client does not read are cut, which is no error of the server', async (kind) => {
  const server = await serve({ limits: { totalUnreadBytes: 1_000_000, unreadBytes: 2_000_000 } });
  const steps = Array.from({ length: 120 }, () => ['update', 'goals', id(), { title: 'x'.repeat(100_000) }]);
  await fetch(`${server.url}/admin/transact`, {
    method: 'POST',
    headers: headersOf(server),
    body: JSON.stringify({ steps: steps.slice(0, 60) }),
  });
  await fetch(`${server.url}/admin/transact`, {
    method: 'POST',
    headers: headersOf(server),
    body: JSON.stringify({ steps: steps.slice(60) }),
  });
  const query = { query: { goals: {} } };
  const first =
    kind === 'queries'
      ? await unread(server, '/admin/query', query)
      : await unread(server, '/admin/subscribe-query', { ...query, versions: {} });
  const second = await unread(server, '/admin/query', query);
  first.socket.resume();
  await first.ended;
  second.socket.destroy();
  await server.close();
  isQuiet();
  expect(logged).toEqual([]);
});

test('a file that cannot be read to its end is logged, and its connection closes', async () => {
  const store: FileStore = memoryFiles();
  const broken: FileStore = {
    ...store,
    read: async () => new ReadableStream({ pull: (controller) => controller.error(new Error('the disk failed')) }),
  };
  const server = await serve({ files: broken });
  const upload = await fetch(`${server.url}/admin/storage/upload`, {
    method: 'PUT',
    headers: { ...headersOf(server), path: 'a.txt', 'content-type': 'text/plain' },
    body: 'hello',
  });
  expect(upload.status).toBe(200);
  const { url } = (
    (await (
      await fetch(`${server.url}/admin/query`, {
        method: 'POST',
        headers: headersOf(server),
        body: JSON.stringify({ query: { $files: {} } }),
      })
    ).json()) as { $files: { url: string }[] }
  ).$files[0] as { url: string };
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  await server.close();
  isQuiet();
  expect(logged).toEqual([['an answer could not be sent to its end', expect.objectContaining({ message: 'the disk failed' })]]);
});
