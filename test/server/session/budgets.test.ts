// What clients make a server hold is counted in bytes, of a session, an app and the whole server, and given back when they go.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { sqlite } from '../../../src/server/storage/sqlite/sqlite.ts';
import type { Storage } from '../../../src/server/storage/storage.ts';
import { appId, bench, type Bench, blob, newId, rest, type TestPeer } from '../bench.ts';

const over = (limit: string) => ({ op: 'error', status: 400, type: 'validation-failed', hint: { 'data-type': 'limit', limit } });
const of = (bytes: number): object => ({ text: 'x'.repeat(bytes) });

async function join_(peer: TestPeer, room: number, bytes: number): Promise<unknown> {
  const [answer] = await peer.request({ op: 'join-room', 'room-id': `room ${room}`, data: of(bytes) });
  return answer;
}

describe('presence', () => {
  test('above the size limit is rejected, in join-room and set-presence, and the last presence stays', async () => {
    const { open } = bench({ limits: { presenceBytes: 1000 } });
    const [peer, other] = [await open(), await open()];
    expect(await join_(peer, 1, 1001)).toMatchObject(over('presenceBytes'));
    expect(await join_(peer, 1, 900)).toMatchObject({ op: 'join-room-ok' });
    await other.request({ op: 'join-room', 'room-id': 'room 1', data: {} });
    other.heard.length = 0;
    expect(await peer.request({ op: 'set-presence', 'room-id': 'room 1', data: of(1001) })).toMatchObject([over('presenceBytes')]);
    // In bytes, not in characters.
    expect(await peer.request({ op: 'set-presence', 'room-id': 'room 1', data: { text: '🎈'.repeat(300) } })).toMatchObject([
      over('presenceBytes'),
    ]);
    expect(other.heard).toEqual([]);
  });

  test('is limited for a session, for an app and for the server', async () => {
    const kilobyte = 1000;
    const world = bench({ limits: { sessionBytes: 10_000, appBytes: 15_000, totalBytes: 25_000 } });
    const sessions = [await world.open(), await world.open()];
    const joined = async (peer: TestPeer): Promise<number> => {
      let count = 0;
      for (let room = 0; room < 20; room++) {
        const answer = (await join_(peer, room, kilobyte)) as { op: string };
        if (answer.op !== 'error') count++;
        else expect(answer).toMatchObject(over(expect.stringMatching(/^(session|app|total)Bytes$/) as unknown as string));
      }
      return count;
    };
    const [first, second] = [await joined(sessions[0] as TestPeer), await joined(sessions[1] as TestPeer)];
    expect(first).toBe(8);
    expect(second).toBeLessThan(8);
    for (const n of [2, 3]) await world.hub.createApp({ id: `a9900000-0000-4000-8000-00000000000${n}` });
    const elsewhere = await world.open({ 'app-id': 'a9900000-0000-4000-8000-000000000002' });
    expect(await joined(elsewhere)).toBe(8);
    const third = await world.open({ 'app-id': 'a9900000-0000-4000-8000-000000000003' });
    expect(await joined(third)).toBeLessThan(8);
    // Who goes, or leaves a room, makes room.
    sessions[0]?.session.end();
    expect(await joined(await world.open())).toBe(8);
  });

  test('no longer counts after leaving the room, and counts less when it shrinks', async () => {
    const peer = await bench({ limits: { sessionBytes: 3000 } }).open();
    for (let round = 0; round < 20; round++) {
      expect(await join_(peer, round, 2000)).toMatchObject({ op: 'join-room-ok' });
      expect((await peer.request({ op: 'set-presence', 'room-id': `room ${round}`, data: of(10) }))[0]?.op).toBe('set-presence-ok');
      expect(await join_(peer, 1000 + round, 1000)).toMatchObject({ op: 'join-room-ok' });
      for (const room of [round, 1000 + round]) await peer.request({ op: 'leave-room', 'room-id': `room ${room}` });
    }
  });
});

test('queries, and messages sent before the session is ready, count towards the limit of a session', async () => {
  const world = bench({ limits: { sessionBytes: 50_000 } });
  const peer = await world.open();
  const q = (n: number) => ({ goals: { $: { where: { title: `${n}${'x'.repeat(10_000)}` } } } });
  const ops: string[] = [];
  for (let n = 0; n < 8; n++) ops.push((await peer.request({ op: 'add-query', q: q(n) }))[0]?.op ?? '');
  expect(ops.filter((op) => op === 'error').length).toBeGreaterThan(2);
  await peer.request({ op: 'remove-query', q: q(0) });
  expect(await peer.request({ op: 'add-query', q: q(100) })).toMatchObject([{ op: 'add-query-ok' }]);
  const early = world.connect();
  early.send({ op: 'init', 'app-id': 'a9900000-0000-4000-8000-00000000000f', versions: {} });
  for (let n = 0; n < 8; n++) early.send({ op: 'client-broadcast', 'room-id': 'r', topic: 't', data: of(10_000) });
  await rest();
  const refused = early.heard.filter((each) => each.op === 'error' && each.type === 'rate-limited');
  expect(refused.length).toBeGreaterThan(2);
});

const root = mkdtempSync(join(tmpdir(), 'triplane-budgets-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Of heap, and of what is beside it. */
async function held(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await rest();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const goalsId = blob('goals', 'id');
const text = blob('goals', 'text');
const MB = 1024 * 1024;
/** Seven times the live data. */
const overwrites = 150;

async function written(world: Bench, steps: readonly unknown[]): Promise<void> {
  const { ledger } = await world.hub.app(appId);
  await new Promise<void>((resolve, reject) => {
    const settle = (outcome: { readonly is: string }): void => (outcome.is === 'done' ? resolve() : reject(new Error('refused')));
    ledger.write({ steps: steps as never, event: undefined, actor: { userId: undefined, isAdmin: true }, settle });
  });
}

test.each<[string, () => Promise<Storage>]>([
  ['memory', async () => memory()],
  ['SQLite', () => sqlite(join(root, 'overwritten'))],
])(
  'overwriting a field of 2 MB many times, on %s, adds no more than half the size of the data to memory',
  { timeout: 240_000 },
  async (_, open) => {
    const world = bench({ storage: await open() });
    const goal = newId();
    await written(world, [
      ['add-attr', goalsId],
      ['add-attr', text],
      ['add-triple', goal, goalsId.id, goal],
    ]);
    // Twenty others, so that the live data are 40 MB and what is beside them does not count for much.
    for (let n = 0; n < 19; n++) {
      const other = newId();
      await written(world, [
        ['add-triple', other, goalsId.id, other],
        ['add-triple', other, text.id, `${n}`.padEnd(2 * MB, 'o')],
      ]);
    }
    await written(world, [['add-triple', goal, text.id, 'x'.repeat(2 * MB)]]);
    await rest();
    const before = await held();
    for (let n = 0; n < overwrites; n++) await written(world, [['add-triple', goal, text.id, `${n}`.padEnd(2 * MB, 'x')]]);
    await rest();
    expect((await held()) - before).toBeLessThan(0.5 * 40 * MB);
    await world.hub.close();
  },
);

test('creating and deleting rows leaks no memory', { timeout: 120_000 }, async () => {
  const world = bench();
  await written(world, [
    ['add-attr', goalsId],
    ['add-attr', text],
  ]);
  const round = async (): Promise<void> => {
    const goals = Array.from({ length: 100 }, () => newId());
    const born = goals.flatMap((goal) => [
      ['add-triple', goal, goalsId.id, goal],
      ['add-triple', goal, text.id, `${goal}`.padEnd(10_000, 'x')],
    ]);
    await written(world, born);
    await written(
      world,
      goals.map((goal) => ['delete-entity', goal, 'goals']),
    );
  };
  for (let n = 0; n < 20; n++) await round();
  const before = await held();
  for (let n = 0; n < 200; n++) await round();
  expect((await held()) - before).toBeLessThan(10 * MB);
});
