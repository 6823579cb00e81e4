// Servers behind a pooler that gives a connection to somebody else after each transaction: LISTEN is lost there without a word.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { postgres } from '../../../src/server/storage/postgres/postgres.ts';
import { type Postgres, startPooler, startPostgres } from '../../support/postgres.ts';
import { appId, bench, blob, newId, type TestPeer } from '../bench.ts';

const patience = { timeout: 20_000, interval: 50 };
const goalsId = blob('goals', 'id');
let server: Postgres;
let pooler: Awaited<ReturnType<typeof startPooler>>;

beforeAll(async () => {
  server = await startPostgres();
  pooler = await startPooler(server);
}, 180_000);
afterAll(async () => {
  await pooler?.stop();
  await server?.stop();
});

test.each([
  ['both servers are behind it', 'pooled', 'pooled'],
  ['one of two is', 'direct', 'pooled'],
])(
  '%s: the server warns at start, and data, presence and broadcasts reach the other server',
  { timeout: 60_000 },
  async (title, ...ways) => {
    const name = `pooled${title.length}`;
    const direct = await server.createDatabase(name);
    const warnings: string[] = [];
    const log = { ...silent, warn: (text: unknown) => void warnings.push(String(text)) };
    const urls = ways.map((way) => (way === 'pooled' ? pooler.urlOf(name) : direct));
    const worlds = [];
    for (const url of urls) worlds.push(bench({ storage: await postgres(url, { heartbeatMs: 200, log }) }));
    const told = warnings.filter((text) => text.includes('pooler in transaction mode'));
    expect(told).toHaveLength(ways.filter((way) => way === 'pooled').length);
    for (const { hub } of worlds) await hub.app(appId);
    const [a, b] = (await Promise.all(worlds.map((world) => world.open()))) as [TestPeer, TestPeer];
    for (const [peer, who] of [
      [a, 'ann'],
      [b, 'bob'],
    ] as const)
      peer.send({ op: 'join-room', 'room-id': 'hall', data: { who } });
    const sees = (peer: TestPeer, who: string): boolean => JSON.stringify(peer.heard).includes(`"who":"${who}"`);
    await expect.poll(() => [sees(a, 'bob'), sees(b, 'ann')], patience).toEqual([true, true]);
    const said = (peer: TestPeer): unknown[] =>
      peer.heard.flatMap((each) => (each.op === 'server-broadcast' ? [(each.data as { data: unknown }).data] : []));
    for (let n = 0; n < 30; n++) {
      a.send({ op: 'client-broadcast', 'room-id': 'hall', topic: 't', data: `a${n}` });
      b.send({ op: 'client-broadcast', 'room-id': 'hall', topic: 't', data: `b${n}` });
    }
    const all = (from: string) => Array.from({ length: 30 }, (_, n) => `${from}${n}`);
    await expect.poll(() => [said(a), said(b)], patience).toEqual([all('b'), all('a')]);
    b.send({ op: 'add-query', q: { goals: {} } });
    const goal = newId();
    a.send({
      op: 'transact',
      'tx-steps': [
        ['add-attr', goalsId],
        ['add-triple', goal, goalsId.id, goal],
      ],
    });
    await expect.poll(() => JSON.stringify(b.heard), patience).toContain(goal);
    b.session.end();
    await expect.poll(() => JSON.stringify(a.heard), patience).toMatch(/patch-presence|refresh-presence/);
    for (const { hub } of worlds) await hub.close();
  },
);

test.each(['transaction', 'statement'] as const)(
  'a pooler that is put into %s mode while servers run: the server warns, and rooms reach the other server',
  { timeout: 60_000 },
  async (mode) => {
    const own = await startPooler(server, 'session');
    const name = `switched_${mode}`;
    await server.createDatabase(name);
    const warnings: string[] = [];
    const log = { ...silent, warn: (text: unknown) => void warnings.push(String(text)) };
    const worlds = [];
    for (let at = 0; at < 2; at++) worlds.push(bench({ storage: await postgres(own.urlOf(name), { heartbeatMs: 100, log }) }));
    try {
      for (const { hub } of worlds) await hub.app(appId);
      const [a, b] = (await Promise.all(worlds.map((world) => world.open()))) as [TestPeer, TestPeer];
      for (const peer of [a, b]) peer.send({ op: 'join-room', 'room-id': 'hall', data: { n: 0 } });
      const heardBy = (peer: TestPeer, text: string) => expect.poll(() => JSON.stringify(peer.heard), patience).toContain(text);
      a.send({ op: 'set-presence', 'room-id': 'hall', data: { n: 'before' } });
      await heardBy(b, '"before"');
      expect(warnings).toEqual([]);
      own.setMode(mode);
      await expect.poll(() => warnings.filter((text) => text.includes('pooler in transaction mode')).length, patience).toBe(2);
      a.send({ op: 'set-presence', 'room-id': 'hall', data: { n: 'after' } });
      await heardBy(b, '"after"');
      // What is said until the servers know of each other that they read the table is lost, as over a line that breaks.
      const saying = setInterval(() => b.send({ op: 'client-broadcast', 'room-id': 'hall', topic: 't', data: 'said' }), 100);
      await heardBy(a, '"said"').finally(() => clearInterval(saying));
    } finally {
      for (const { hub } of worlds) await hub.close();
      await own.stop();
    }
  },
);
