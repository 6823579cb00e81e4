// `node --expose-gc --import tsx scripts/soak-processes.ts [seconds] [clients] [writes a second]`: real processes. Two servers share a PostgreSQL. One
// is killed every few seconds, PostgreSQL twice, while the clients of both write. In the end every write is there once, everybody shows the same,
// and neither the memory of the clients nor that of the server that lives has grown. Ends with 1 otherwise.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';

import { id, init } from '../src/index.ts';
import { silent } from '../src/lib/log.ts';
import { memoryStore } from '../src/storage/memory.ts';
import { type Running, startCli } from '../test/support/cli.ts';
import { heapOf } from '../test/support/heap.ts';
import { startPostgres } from '../test/support/postgres.ts';

const [seconds = 60, clients = 10, writesPerSecond = 20] = process.argv.slice(2).map(Number);
const killEverySeconds = Math.max(5, Math.min(20, seconds / 6));
/** The heap after collection, at a quarter of the time and at its end. In a short run code is still being compiled: it may take as much more. */
const mostGrowth = 1.05;
const compiledBytes = 2 * 2 ** 20;
/** The rows that are kept; older ones are deleted, so that the data do not grow either. */
const rowsOfEach = 5;
/** Clients that show each other's rows. */
const groupSize = 20;

const [appId, adminToken] = [randomUUID(), randomUUID()];
const postgres = await startPostgres();
const ports = [await freePort(), await freePort()] as const;
const start = (port: number, env: NodeJS.ProcessEnv = {}): Promise<Running> =>
  startCli(['--port', String(port), '--app-id', appId, '--admin-token', adminToken], { DATABASE_URL: postgres.url, ...env });
const steady = await start(ports[0], { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
let killed = await start(ports[1]);

const counts = { writes: 0, confirmed: 0, rejected: 0, kills: 0 };
/** Of each group: row → its number. */
const expected = Array.from({ length: Math.ceil(clients / groupSize) }, () => new Map<string, number>());
const databases = Array.from({ length: clients }, (_, at) => {
  const port = ports[at % 2 === 0 ? 0 : 1];
  const group = Math.floor(at / groupSize);
  const uri = { apiURI: `http://127.0.0.1:${port}`, websocketURI: `ws://127.0.0.1:${port}/runtime/session` };
  const db = init({ appId, ...uri, storage: memoryStore(), log: silent, onError: () => {} });
  const shown = { rows: [] as readonly Row[] };
  db.subscribeQuery({ counts: { $: { where: { group } } } }, ({ data }) => {
    if (data) shown.rows = data['counts'] as unknown as readonly Row[];
  });
  return { db, shown, at, group };
});

interface Heaps {
  readonly clients: number;
  readonly server: number;
}

interface Row {
  readonly id: string;
  readonly by: number;
  readonly number: number;
}

const startedAt = performance.now();
const elapsed = (): number => (performance.now() - startedAt) / 1000;
const rowsOf: string[][] = databases.map(() => []);

function write(): void {
  const client = databases[counts.writes % clients];
  if (!client) return;
  counts.writes += 1;
  const own = rowsOf[client.at] ?? [];
  const [row, number] = [id(), counts.writes];
  expected[client.group]?.set(row, number);
  own.push(row);
  const chunks: unknown[] = [client.db.tx['counts']?.[row]?.create({ by: client.at, group: client.group, number })];
  const oldest = own.length > rowsOfEach ? own.shift() : undefined;
  if (oldest) {
    expected[client.group]?.delete(oldest);
    chunks.push(client.db.tx['counts']?.[oldest]?.delete());
  }
  client.db.transact(chunks as never).settled.then(
    () => (counts.confirmed += 1),
    (error: Error) => {
      counts.rejected += 1;
      console.error(`rejected: ${error.message}`);
    },
  );
}

let killing = Promise.resolve();
const writer = setInterval(() => {
  // Late timers are made up for.
  while (counts.writes < elapsed() * writesPerSecond) write();
}, 1000 / writesPerSecond);
const killer = setInterval(() => {
  killing = killing.then(async () => {
    counts.kills += 1;
    await killed.end('SIGKILL');
    killed = await start(ports[1]);
  });
}, killEverySeconds * 1000);
const crashes = [1 / 3, 2 / 3].map((part) =>
  setTimeout(() => void (killing = killing.then(() => postgres.crash())), seconds * part * 1000),
);

const heaps = async (): Promise<Heaps> => {
  const server = await heapOf(steady);
  for (let time = 0; time < 3; time += 1) {
    globalThis.gc?.();
    await sleep(100);
  }
  return { clients: process.memoryUsage().heapUsed, server };
};
await sleep(seconds * 250);
const early = await heaps();
await sleep(seconds * 1000 - elapsed() * 1000);
[writer, killer, ...crashes].forEach(clearInterval);
const late = await heaps();
const rate = counts.confirmed / elapsed();
await killing;
while (counts.confirmed + counts.rejected < counts.writes && elapsed() < seconds + 120) await sleep(200);
await sleep(3_000);

const faults: string[] = [];
const unsettled = counts.writes - counts.confirmed - counts.rejected;
if (unsettled > 0) faults.push(`${unsettled} writes never settled`);
if (counts.rejected > 0) faults.push(`${counts.rejected} writes were rejected`);
for (const { shown, at, group } of databases) {
  const wanted = expected[group] ?? new Map<string, number>();
  const rows = new Map(shown.rows.map(({ id: row, number }) => [row, number]));
  const lost = [...wanted].filter(([row, number]) => rows.get(row) !== number).length;
  if (lost > 0) faults.push(`client ${at} lacks ${lost} rows`);
  if (rows.size !== wanted.size) faults.push(`client ${at} shows ${rows.size} rows, of ${wanted.size}`);
  if (rows.size !== shown.rows.length) faults.push(`client ${at} shows a row twice`);
}
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
const grown = (whose: keyof Heaps): string => {
  if (globalThis.gc && late[whose] > early[whose] * mostGrowth + compiledBytes) faults.push(`the heap of the ${whose} grew`);
  return `${whose} ${megabytes(early[whose])} → ${megabytes(late[whose])}`;
};
console.log(
  `${seconds} s, ${clients} clients: ${counts.writes} writes, ${rate.toFixed(1)} confirmed a second, ${counts.kills} kills of a server, ` +
    `2 of PostgreSQL; heap at a quarter → at the end: ${grown('clients')}, ${grown('server')}${globalThis.gc ? '' : ' (not collected)'}`,
);
for (const fault of faults) console.error(`! ${fault}`);
for (const { db } of databases) await db.close();
await Promise.all([steady, killed].map((server) => server.end('SIGTERM')));
await postgres.stop();
process.exit(faults.length === 0 ? 0 : 1);

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
