// What a program is told while no server can be reached, and once it can.

import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { id, init } from '../../src/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A port of this machine that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const appId = 'a9900000-0000-4000-8000-000000000004';

function database(apiURI: string) {
  const db = init({ appId, apiURI, storage: memoryStore(), onError: () => {} });
  closing.push(() => db.close());
  return db;
}

async function serve(port: number): Promise<TriplaneServer> {
  const server = await createServer({ port, appId });
  closing.push(() => server.close());
  return server;
}

describe('without a server', () => {
  it('queryOnce rejects within a few seconds with the reason', async () => {
    const db = database(`http://127.0.0.1:${await closedPort()}`);
    await expect(db.queryOnce({ goals: {} })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('No connection to') as string,
    });
    await expect(db.queryOnce({ todos: {} })).rejects.toMatchObject({ code: 'unreachable' });
  }, 20_000);

  it('a subscription receives an error, and its result once the server is up', async () => {
    const port = await closedPort();
    const db = database(`http://127.0.0.1:${port}`);
    const seen: unknown[] = [];
    db.subscribeQuery({ goals: {} }, ({ data, error }) => seen.push(error ? (error as { code?: string }).code : data));
    await expect.poll(() => seen).toEqual(['unreachable']);
    await serve(port);
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual(['unreachable', { goals: [] }]);
  }, 40_000);

  it('a write is stored in the outbox and causes no error', async () => {
    const db = database(`http://127.0.0.1:${await closedPort()}`);
    await expect(db.transact(db.tx['goals']![id()]!.create({ title: 'a' }))).resolves.toMatchObject({ status: 'enqueued' });
    expect(db.outbox.list()).toHaveLength(1);
  });
});

describe('a namespace without data', () => {
  it('a limited query has page info, also once there is a row', async () => {
    const server = await createServer({ appId });
    closing.push(() => server.close());
    const db = database(server.apiURI);
    const empty = { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false };
    const query = { goals: { $: { limit: 2 } }, todos: {} };
    await expect(db.queryOnce(query)).resolves.toEqual({ data: { goals: [], todos: [] }, pageInfo: { goals: empty } });
    await expect(db.queryOnce({ todos: {} })).resolves.toEqual({ data: { todos: [] } });
    const infos: unknown[] = [];
    db.subscribeQuery(query, ({ pageInfo }) => infos.push(pageInfo));
    await expect.poll(() => infos.length).toBeGreaterThan(0);
    await db.transact(db.tx['goals']![id()]!.create({ title: 'a' })).settled;
    for (const info of infos) expect(info).toHaveProperty('goals.hasNextPage', false);
    await expect
      .poll(() => infos.at(-1))
      .toMatchObject({ goals: { startCursor: [expect.any(String), expect.any(String), expect.anything(), expect.any(Number)] } });
  });
});
