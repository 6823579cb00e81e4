// The HTTP side of a server is loaded once, with the first request, and again if that failed.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';

import { silent } from '../../../src/lib/log.ts';
import { loadedListener } from '../../../src/server/http/loaded-listener.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

async function served(load: () => Promise<RequestListener>): Promise<string> {
  server = createServer(loadedListener(load, silent));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const echo: RequestListener = (request, response) => void request.pipe(response);
const bodyOf = async (url: string, body: string): Promise<string> => (await fetch(url, { method: 'POST', body })).text();

test('requests that arrive while it is loaded are answered after it, with their bodies', async () => {
  let loads = 0;
  let finish = (): void => {};
  const isLoaded = new Promise<void>((resolve) => (finish = resolve));
  const url = await served(async () => {
    loads += 1;
    await isLoaded;
    return echo;
  });
  const answers = Promise.all(['a', 'b'.repeat(300_000)].map((body) => bodyOf(url, body)));
  while (loads === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  finish();
  expect((await answers).map(({ length }) => length)).toEqual([1, 300_000]);
  expect(await bodyOf(url, 'c')).toBe('c');
  expect(loads).toBe(1);
});

test('one that could not be loaded is loaded again for the next request', async () => {
  let loads = 0;
  const url = await served(() => {
    loads += 1;
    return loads === 1 ? Promise.reject(new Error('no file')) : Promise.resolve(echo);
  });
  expect((await fetch(url)).status).toBe(500);
  expect(await bodyOf(url, 'c')).toBe('c');
});
