// How many durable transactions a second a server on a file takes, with many clients that each wait for their answer; how long
// its first start takes, and how much memory it has when nothing happens. Prints ratios to SQLite alone, one commit at a time.
//
//   npx tsx test/bench/storage.ts [clients] [seconds]

import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSqlite } from '../../src/server/storage/sqlite/binding.ts';
import { prepare } from '../../src/server/storage/sqlite/schema.ts';
import { RawClient, startCli } from '../support/cli.ts';

const clients = Number(process.argv[2] ?? 50);
const seconds = Number(process.argv[3] ?? 5);
const inFlight = 10;
const folder = mkdtempSync(join(tmpdir(), 'triplane-bench-'));

const attrs = ['id', 'title'].map((label) => ({
  id: randomUUID(),
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [randomUUID(), 'goals', label],
  'unique?': label === 'id',
  'index?': false,
}));

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function memoryOf(pid: number | undefined): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** One row, one commit, one after the other: what the disk gives. */
async function floor(): Promise<number> {
  const file = join(folder, 'floor.db');
  const connection = (await loadSqlite())(file);
  prepare(connection, file);
  const insert = connection.prepare('INSERT INTO log (app, tx, entry) VALUES (?, ?, ?)');
  const end = performance.now() + 1000 * Math.min(seconds, 3);
  let done = 0;
  while (performance.now() < end) insert.run('app', ++done, 'x'.repeat(300));
  connection.close();
  return done / Math.min(seconds, 3);
}

async function writeOn(client: RawClient, until: number): Promise<number> {
  let done = 0;
  while (performance.now() < until) {
    const goal = randomUUID();
    const [id, title] = attrs;
    const steps = [
      ['add-triple', goal, id?.id, goal],
      ['add-triple', goal, title?.id, `title ${done}`],
    ];
    const answer = await client.request({ op: 'transact', 'client-event-id': goal, 'tx-steps': steps });
    if (answer.op !== 'transact-ok') throw new Error(JSON.stringify(answer));
    done++;
  }
  return done;
}

async function served(args: readonly string[]): Promise<number> {
  const server = await startCli(args);
  print(`start ${Math.round(server.startMs)} ms`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  print(`idle ${memoryOf(server.child.pid)} MB`);
  const admin = await RawClient.open(server);
  await admin.request({ op: 'transact', 'client-event-id': randomUUID(), 'tx-steps': attrs.map((attr) => ['add-attr', attr]) });
  const lines = await Promise.all(Array.from({ length: clients }, () => RawClient.open(server)));
  const until = performance.now() + seconds * 1000;
  const counts = await Promise.all(lines.flatMap((line) => Array.from({ length: inFlight }, () => writeOn(line, until))));
  const done = counts.reduce((sum, count) => sum + count, 0);
  print(`busy ${memoryOf(server.child.pid)} MB`);
  await server.end('SIGKILL');
  return done / seconds;
}

const alone = await floor();
print(`one commit at a time: ${Math.round(alone)}/s`);
for (const [name, args] of [
  ['memory', ['--memory']],
  ['sqlite', ['--data', join(folder, 'data')]],
] as const) {
  print(`\n${name}`);
  const rate = await served(args);
  print(
    `${Math.round(rate)} transactions/s, ${clients} clients with ${inFlight} in flight; ${(rate / alone).toFixed(1)} times one at a time`,
  );
}
rmSync(folder, { recursive: true, force: true });
