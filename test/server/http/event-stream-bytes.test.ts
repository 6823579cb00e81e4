// What is on the wire of an event stream, byte for byte: programs in other languages read it line by line.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer();
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => server.close());

const keepAliveMs = 15_000;
const event = (op: string): string => `data:\\{[^\\n]*"op":"${op}"[^\\n]*\\}\\n\\n`;

interface Stream {
  readonly text: () => string;
  readonly headers: Headers;
  readonly close: () => Promise<void>;
}

async function open(method: string, path: string, body?: object): Promise<Stream> {
  const headers = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId, 'content-type': 'application/json' };
  const response = await fetch(server.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const read = async (): Promise<void> => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value, { stream: true });
  };
  void read().catch(() => {});
  return { text: () => text, headers: response.headers, close: () => reader.cancel() };
}

/** Ends the wait of streams for the next sign of life. */
function keepingAlive(): () => void {
  const waiting: (() => void)[] = [];
  const start = systemClock.setTimeout.bind(systemClock);
  vi.spyOn(systemClock, 'setTimeout').mockImplementation((run, ms) => {
    if (ms !== keepAliveMs) return start(run, ms);
    waiting.push(run);
    return 0;
  });
  return () => waiting.splice(0).forEach((run) => run());
}

test.each<[method: string, path: (app: string) => string, body: object | undefined, bytes: string]>([
  ['GET', (app) => `/runtime/sse?app_id=${app}`, undefined, event('sse-init')],
  ['POST', () => '/admin/sse', {}, `retry:500\\n\\n${event('sse-init')}`],
  ['POST', () => '/admin/subscribe-query', { query: { goals: {} } }, `retry:500\\n\\n${event('sse-init')}${event('add-query-ok')}`],
])('%s %s: no blank behind data:, an interval only for admins, and a colon as the sign of life', async (method, path, body, bytes) => {
  const keepAlive = keepingAlive();
  const stream = await open(method, path(server.appId), body);
  await expect.poll(stream.text).toMatch(new RegExp(`^${bytes}$`));
  expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=UTF-8');
  const before = stream.text();
  keepAlive();
  await expect.poll(stream.text).toBe(`${before}:\n`);
  keepAlive();
  await expect.poll(stream.text).toBe(`${before}:\n:\n`);
  await stream.close();
});
