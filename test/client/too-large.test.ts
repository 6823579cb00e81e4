// Requests that are too large for the server, over real sockets and over event streams: they are refused, and nothing else suffers.

import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { id, init } from '../../src/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(frameBytes?: number): Promise<TriplaneServer> {
  const server = await createServer(frameBytes === undefined ? {} : { limits: { frameBytes } });
  closing.push(() => server.close());
  return server;
}

/** In front of a server: closes the connection with 1009 over a frame above `maxPayload`, and says nothing of any limit. */
async function proxyTo(server: TriplaneServer, maxPayload: number): Promise<{ websocketURI: string; connections: () => number }> {
  const proxy = new WebSocketServer({ port: 0, maxPayload });
  let connections = 0;
  proxy.on('connection', (client, { url = '' }) => {
    connections++;
    const upstream = new WebSocket(server.apiURI.replace(/^http/, 'ws') + url);
    const early: string[] = [];
    client.on('message', (data: Buffer) => (upstream.readyState === 1 ? upstream.send(String(data)) : early.push(String(data))));
    upstream.on('open', () => early.forEach((frame) => upstream.send(frame)));
    upstream.on('message', (data: Buffer) => client.send(String(data).replace(/"limits":\{[^}]*\}/, '"limits":{}')));
    client.on('error', () => {});
    upstream.on('error', () => {});
    client.on('close', () => upstream.close());
    upstream.on('close', () => client.close());
  });
  closing.push(() => {
    for (const client of proxy.clients) client.terminate();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  return { websocketURI: `ws://127.0.0.1:${port}/runtime/session`, connections: () => connections };
}

function database({ appId, apiURI }: TriplaneServer, websocketURI?: string) {
  const db = init({ appId, apiURI, ...(websocketURI && { websocketURI }), storage: memoryStore(), onError: () => {} });
  closing.push(() => db.close());
  return db;
}

describe('a server that announces its limit', () => {
  it('a write above the limit is rejected before it is shown, and the next one is confirmed', async () => {
    const db = database(await serve(100_000));
    await db.queryOnce({ notes: {} });
    const shown: unknown[] = [];
    db.subscribeQuery({ notes: {} }, ({ data }) => shown.push(data?.['notes']?.length));
    await expect.poll(() => shown).toContain(0);
    const big = db.transact(db.tx['notes']![id()]!.create({ text: 'x'.repeat(150_000) }));
    await expect(big).rejects.toMatchObject({ code: 'limit', hint: { limit: 'max-frame-bytes', most: 100_000 } });
    await expect(db.transact(db.tx['notes']![id()]!.create({ text: 'small' })).settled).resolves.toMatchObject({ status: 'synced' });
    expect(new Set(shown)).toEqual(new Set([0, 1]));
    expect(db.outbox.list().filter(({ error }) => error)).toEqual([]);
  });
});

describe('a server that closes the connection with 1009', () => {
  it('the write is rejected with its reason; other writes and queries complete over the next connection', async () => {
    const server = await serve();
    const { websocketURI, connections } = await proxyTo(server, 50_000);
    const db = database(server, websocketURI);
    await db.queryOnce({ notes: {} });
    const make = (text: string) => db.transact(db.tx['notes']![id()]!.create({ text }));
    const [first, big, last] = ['a', 'x'.repeat(60_000), 'b'].map((text) => make(text).settled);
    await expect(big).rejects.toMatchObject({ status: 413, hint: { limit: 'max-frame-bytes' } });
    await expect(first).resolves.toMatchObject({ status: 'synced' });
    await expect(last).resolves.toMatchObject({ status: 'synced' });
    const { data } = await db.queryOnce({ notes: {} });
    expect(data['notes']?.map(({ text }) => text as unknown).sort()).toEqual(['a', 'b']);
    expect(db.outbox.list().filter(({ error }) => error)).toHaveLength(1);
    // One more than the three it takes, if the machine is so slow that an answer comes after its connection is given up.
    expect(connections()).toBeLessThanOrEqual(4);
  }, 20_000);

  it('over event streams with status 413, the write is rejected with its reason; other writes complete', async () => {
    const server = await serve();
    const posts =
      (limit: number): typeof fetch =>
      (url, options) =>
        options?.method === 'POST' && (options.body as string).length > limit
          ? Promise.resolve(new Response('{}', { status: 413 }))
          : fetch(url, options);
    const db = init({
      appId: server.appId,
      apiURI: server.apiURI,
      storage: memoryStore(),
      onError: () => {},
      fetch: posts(50_000),
      webSocket: () => {
        throw new Error('blocked');
      },
    });
    closing.push(() => db.close());
    await db.queryOnce({ notes: {} });
    const [first, big, last] = ['a', 'x'.repeat(60_000), 'b'].map((text) => db.transact(db.tx['notes']![id()]!.create({ text })).settled);
    await expect(big).rejects.toMatchObject({ status: 413 });
    await expect(first).resolves.toMatchObject({ status: 'synced' });
    await expect(last).resolves.toMatchObject({ status: 'synced' });
  }, 30_000);
});
