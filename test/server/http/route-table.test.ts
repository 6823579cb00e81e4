// Every route of InstantDB's server, as its source has them: each is served here, or listed in docs/differences.md as one that is not.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { notBuilt } from '../../../src/server/http/not-built-routes.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const routes = read('original-routes.txt').trim().split('\n');
const chapter = read('../../../docs/differences.md').split('## Routes that are not served')[1]?.split('\n| what |')[0] ?? '';
const rows = [...chapter.matchAll(/^\|(?:[^|]*)\|(?:[^|]*)\|([^|]*)\|$/gm)];
const listed = rows.flatMap(([, paths = '']) => [...paths.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path));

const pattern = (path: string): RegExp => new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace('*', '.+')}$`);
const isListed = (path: string): boolean => listed.some((each) => pattern(each).test(path));

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer();
});
afterAll(() => server.close());

const filled = (path: string): string =>
  path
    .replace(':app_id', server.appId)
    .replace(/:[\w-]+/g, server.adminToken)
    .replace('*', '0/1A/2B3C4D5E');

async function answerTo(method: string, path: string): Promise<{ status: number; text: string }> {
  const stop = new AbortController();
  const answer = await fetch(server.url + filled(path), { method, redirect: 'manual', signal: stop.signal });
  const text = answer.status === 404 ? await answer.text() : '';
  // Streams have no end.
  stop.abort();
  return { status: answer.status, text };
}

const plain = routes.filter((route) => route !== 'GET /runtime/session');

test('the table is complete', () => {
  expect([routes.length, new Set(routes).size]).toEqual([207, 207]);
});

test.each(plain)('%s is served, or listed as not served', async (route) => {
  const [method = '', path = ''] = route.split(' ');
  const { status, text } = await answerTo(method, path);
  if (isListed(path)) {
    expect(status).toBe(404);
    expect(text).toContain('not part of a Triplane server');
  } else {
    expect(status).not.toBe(404);
    expect(status).toBeLessThan(500);
  }
});

test('GET /runtime/session opens a socket', async () => {
  const socket = new WebSocket(server.websocketURI);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.terminate();
});

describe('the list of routes that are not served', () => {
  test('equals the list of the server', () => {
    expect([...listed].sort()).toEqual(notBuilt.flatMap(([, paths]) => paths).sort());
  });

  test('has only routes of the table', () => {
    const paths = routes.map((route) => route.split(' ')[1] ?? '');
    expect(listed.filter((each) => !paths.some((path) => pattern(each).test(path)))).toEqual([]);
  });
});
