// Servers whose clocks disagree, on one database: creation order is the order of the log, and nothing that takes time depends on a date.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { submit } from '../../../src/server/data/submit.ts';
import { serverActor } from '../../../src/server/data/system-rules.ts';
import { memory, postgres, sqlite, type Storage } from '../../../src/server/index.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { appId, type Bench, bench, blob, newId } from '../bench.ts';

const goalsId = blob('goals', 'id');
const hour = 3_600_000;
/** How far each server's clock is from the true time at the start, and how it jumps in the middle. */
const clocks: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ['the same clock', [0, 0], [0, 0]],
  ['clocks that are hours apart', [-2 * hour, hour], [0, 0]],
  ['a clock that was ahead for a while', [hour, 0], [-hour, 0]],
  ['a clock that falls behind', [0, 0], [-hour, 0]],
  ['clocks that change places', [hour, -hour], [-2 * hour, 2 * hour]],
];

let database: Postgres | undefined;
let schemas = 0;
const opened: Bench[] = [];
const folders: string[] = [];
beforeAll(async () => {
  database = await startPostgres();
}, 180_000);
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ hub }) => hub.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
afterAll(() => database?.stop());

/** Storages on one database, one for each server. */
const databases: Readonly<Record<string, () => () => Promise<Storage>>> = {
  memory() {
    const storage = memory();
    return async () => ({ ...storage, close: async () => {} });
  },
  SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'triplane-clocks-'));
    folders.push(folder);
    return () => sqlite(folder);
  },
  PostgreSQL() {
    const schema = `s${++schemas}`;
    return () => postgres(String(database?.url), { schema });
  },
};

async function open(storage: Storage, aheadMs: number): Promise<Bench> {
  const world = bench({ storage });
  world.clock.jump(aheadMs);
  opened.push(world);
  await world.hub.app(appId);
  return world;
}

async function write(world: Bench, id: string): Promise<void> {
  const { ledger } = await world.hub.app(appId);
  await submit(ledger, {
    steps: [
      ['add-attr', goalsId],
      ['add-triple', id, goalsId.id, id],
    ],
    event: undefined,
    actor: serverActor,
  });
}

async function inOrder(world: Bench): Promise<string[]> {
  const peer = await world.open();
  const q = { goals: { $: { order: { serverCreatedAt: 'asc' } } } };
  const { result } = await peer.response('add-query-ok', { op: 'add-query', q, 'return-type': 'tree' });
  return (result as { goals: { id: string }[] }).goals.map(({ id }) => id);
}

describe.for(['memory', 'SQLite', 'PostgreSQL'])('on %s', (name) => {
  test.for(clocks)('rows are in the order in which they were written, with %s', async ([, ahead, jumps]) => {
    const connect = databases[name]!();
    const count = name === 'SQLite' ? 1 : 2;
    const worlds: Bench[] = [];
    for (let at = 0; at < count; at++) worlds.push(await open(await connect(), ahead[at]!));
    const written: string[] = [];
    const round = async (): Promise<void> => {
      for (let n = 0; n < 6; n++) {
        // Ids sort against the order, so that equal times would show.
        const id = newId().replace(/^.{8}/, String(99 - written.length).padStart(8, '0'));
        written.push(id);
        await write(worlds[n % count]!, id);
      }
    };
    await round();
    worlds.forEach(({ clock }, at) => clock.jump(jumps[at]!));
    await round();
    for (const world of worlds) await expect.poll(() => inOrder(world)).toEqual(written);
    await Promise.all(opened.splice(0).map(({ hub }) => hub.close()));
    const later = await open(await connect(), -3 * hour);
    const last = newId().replace(/^.{8}/, '00000000');
    await write(later, last);
    expect(await inOrder(later)).toEqual([...written, last]);
  });
});
