// The storage in PostgreSQL, a real one: the suite for all storages, by notices and from the WAL, and what only it can get wrong.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgres } from '../../../src/server/storage/postgres/postgres.ts';
import type { Storage } from '../../../src/server/storage/storage.ts';
import { entryOf, storageConformance } from '../../conformance/storage.ts';
import { channelTo } from '../../support/cut.ts';
import { type Postgres, query, startPostgres } from '../../support/postgres.ts';

const app = 'a9900000-0000-4000-8000-000000000001';

describe.each(['replica', 'logical'] as const)('wal_level = %s', (walLevel) => {
  let server: Postgres;

  beforeAll(async () => {
    server = await startPostgres({ walLevel });
  }, 180_000);

  afterAll(() => server?.stop());

  const open = (schema: string): Promise<Storage> => postgres(server.url, { schema, heartbeatMs: 200 });

  storageConformance(`postgres, ${walLevel}`, { open, outlivesHandle: true, isShared: true });

  test('appends arrive with their entries from the WAL if wal_level is logical', async () => {
    const [one, other] = [await open('wal'), await open('wal')];
    const received: [number, boolean][] = [];
    (await other.open(app)).subscribe((txId, came) => received.push([txId, came !== undefined]));
    await (await one.open(app)).append([entryOf(1)]);
    await expect.poll(() => received.length).toBeGreaterThan(0);
    if (walLevel === 'logical') await expect.poll(() => received.some(([, isWhole]) => isWhole)).toBe(true);
    else expect(received[0]).toEqual([1, false]);
    const slots = await query(server.url, 'SELECT temporary FROM pg_replication_slots');
    await Promise.all([one.close(), other.close()]);
    expect(slots.every(({ temporary }) => temporary)).toBe(true);
    expect(slots.length > 0).toBe(walLevel === 'logical');
    await expect.poll(() => query(server.url, 'SELECT slot_name FROM pg_replication_slots')).toEqual([]);
  });

  test('a server receives the messages of others in order, at any length, and is notified when one leaves', async () => {
    const [one, other] = [await open('relay'), await open('relay')];
    const received: unknown[] = [];
    const left: string[] = [];
    let resumed = 0;
    other.relay?.listen(app, {
      resumed: () => resumed++,
      received: (_, message) => received.push(message),
      left: (server) => left.push(server),
    });
    const messages = Array.from({ length: 60 }, (_, at) => ({ at: at >> 1, text: at % 7 === 0 ? '🎈'.repeat(20_000) : 'short' }));
    await expect.poll(() => resumed).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const message of messages) one.relay?.send(app, message);
    await expect.poll(() => received.length).toBe(60);
    expect(received).toEqual(messages);
    await one.close();
    await expect.poll(() => left.length).toBe(1);
    await other.close();
  });

  test('what is no message of a server, and a listener that throws, keep nobody from hearing the next', async () => {
    const [one, other] = [await open('junk'), await open('junk')];
    const received: unknown[] = [];
    let resumed = 0;
    other.relay?.listen(app, {
      resumed: () => resumed++,
      received: (_, message) => {
        received.push(message);
        if (message === 'bad') throw new Error('of a listener');
      },
      left: () => {},
    });
    const log = await other.open(app);
    const appended: number[] = [];
    log.subscribe((txId) => void appended.push(txId));
    await expect.poll(() => resumed).toBeGreaterThan(0);
    for (const payload of ['x', 'null', '{}', '[]', '["letter"]', '["append","a"]', '["long","a","b"]', '["bye"]'])
      await query(server.url, `SELECT pg_notify('junk_news', $1)`, [payload]);
    await query(server.url, `INSERT INTO junk.log (app, tx, entry) VALUES ($1, 1, 'no JSON')`, ['a9900000-0000-4000-8000-000000000009']);
    await expect.poll(() => (one.relay?.send(app, 'bad'), received.length)).toBeGreaterThan(0);
    one.relay?.send(app, 'good');
    await expect.poll(() => received).toContain('good');
    await (await one.open(app)).append([entryOf(1)]);
    await expect.poll(() => appended).toContain(1);
    await Promise.all([one.close(), other.close()]);
  });

  test('a server known only from messages leaves by a bye, after being missing twice, or when the connection is lost', async () => {
    const connection = await channelTo(server.port);
    const cut = new URL(server.url);
    cut.port = `${connection.port}`;
    const ours = await postgres(cut.href, { schema: 'heard', heartbeatMs: 300 });
    const [received, left]: [string[], string[]] = [[], []];
    ours.relay.listen(app, { resumed: () => {}, received: (from) => received.push(from), left: (from) => left.push(from) });
    const send = (...payload: unknown[]): Promise<unknown> =>
      query(server.url, 'SELECT pg_notify($1, $2)', ['heard_news', JSON.stringify(payload)]);
    await send('letter', 'one', app, 'hello', 1);
    await send('bye', 'one');
    await expect.poll(() => left).toContain('one');
    await send('letter', 'two', app, 'hello', 1);
    await expect.poll(() => left).toContain('two');
    await send('letter', 'three', app, 'hello', 1);
    await expect.poll(() => received).toContain('three');
    connection.cut();
    await expect.poll(() => left).toContain('three');
    expect(received).toEqual(['one', 'two', 'three']);
    await connection.close();
    await ours.close();
  });

  test('the storage and its subscriptions survive a crash of PostgreSQL', async () => {
    const storage = await open('crash');
    const log = await storage.open(app);
    for (let txId = 1; txId <= 20; txId++) await log.append([entryOf(txId)]);
    await server.crash();
    await expect
      .poll(() =>
        log.since(0).then(
          (found) => found?.length,
          () => 'down',
        ),
      )
      .toBe(20);
    const received: number[] = [];
    log.subscribe((txId) => received.push(txId));
    expect(await log.append([entryOf(21)])).toBe('appended');
    const other = await open('crash');
    expect(await (await other.open(app)).append([entryOf(22)])).toBe('appended');
    await expect.poll(() => received.at(-1)).toBe(22);
    await Promise.all([storage.close(), other.close()]);
  });

  test('who holds a log makes the appends of others wait, and its own append or its release lets them go on', async () => {
    const [one, other] = [await open('held'), await open('held')];
    const [log, far] = [await one.open(app), await other.open(app)];
    await log.load();
    await log.append([entryOf(1)]);
    const held = await log.hold?.();
    expect((await held?.since(0))?.map(({ txId }) => txId)).toEqual([1]);
    let isAnswered = false;
    const late = far.append([entryOf(2)]).finally(() => (isAnswered = true));
    const blocked = 'SELECT 1 FROM pg_locks WHERE NOT granted';
    await expect.poll(async () => (await query(server.url, blocked)).length).toBeGreaterThan(0);
    expect(isAnswered).toBe(false);
    expect(await held?.append([entryOf(2)])).toBe('appended');
    expect(await late).toBe('behind');
    const again = await far.hold?.();
    await again?.release();
    expect(await log.append([entryOf(3)])).toBe('appended');
    await Promise.all([one.close(), other.close()]);
  });

  test('servers that start at once create the tables once; two schemas are two storages', async () => {
    const storages = await Promise.all([open('one'), open('one'), open('one'), open('other_one')]);
    await (await storages[0].open(app)).append([entryOf(1)]);
    expect(await Promise.all(storages.map((storage) => storage.apps()))).toEqual([[app], [app], [app], []]);
    await Promise.all(storages.map((storage) => storage.close()));
  });

  test('a schema of another version is rejected', async () => {
    await (await open('later')).close();
    await query(server.url, 'UPDATE later.version SET version = 99');
    await expect(open('later')).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringContaining('99') });
  });
});

test('an invalid schema name is rejected', async () => {
  await expect(postgres('postgres://127.0.0.1/', { schema: 'a"b' })).rejects.toMatchObject({ code: 'config-invalid' });
});

test('a database that cannot be reached is rejected', async () => {
  await expect(postgres('postgres://nobody@127.0.0.1:1/nothing')).rejects.toMatchObject({ code: 'storage-failed' });
});
