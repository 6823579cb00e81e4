// `npx tsx --expose-gc scripts/soak-processes.ts [seconds] [clients] [writes a second]`: real processes. A server on PostgreSQL is killed every few
// seconds, PostgreSQL twice, while clients write. In the end every write is there once, everybody shows the same, and the memory of the clients has
// not grown. Ends with 1 otherwise. Options of V8: `--import tsx` takes the place of `npx tsx`.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';

import { id, init } from '../src/index.ts';
import { silent } from '../src/lib/log.ts';
import { memoryStore } from '../src/storage/memory.ts';
import { type Running, startCli } from '../test/support/cli.ts';
import { startPostgres } from '../test/support/postgres.ts';

const [seconds = 60, clients = 10, writesPerSecond = 20] = process.argv.slice(2).map(Number);
const killEverySeconds = Math.max(5, Math.min(20, seconds / 6));
/** The heap after collection, at a quarter of the time and at its end. In a short run code is still being compiled: it may take as much more. */
const mostGrowth = 1.05;
const compiledBytes = 2 * 2 ** 20;
/** The rows that are kept; older ones are deleted, so that the data do not grow either. */
const mostRows = 50;

const [appId, adminToken] = [randomUUID(), randomUUID()];
const postgres = await startPostgres();
const port = await freePort();
const start = (): Promise<Running> =>
  startCli(['--port', String(port), '--app-id', appId, '--admin-token', adminToken], { DATABASE_URL: postgres.url });
let server = await start();

const counts = { writes: 0, confirmed: 0, rejected: 0, kills: 0 };
const expected = new Map<string, number>();
const databases = Array.from({ length: clients }, (_, at) => {
  const uri = { apiURI: `http://127.0.0.1:${port}`, websocketURI: `ws://127.0.0.1:${port}/runtime/session` };
  const db = init({ appId, ...uri, storage: memoryStore(), log: silent, onError: () => {} });
  const shown = { rows: [] as readonly Row[] };
  db.subscribeQuery({ counts: {} }, ({ data }) => {
    if (data) shown.rows = data['counts'] as unknown as readonly Row[];
  });
  return { db, shown, at };
});

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
  expected.set(row, number);
  own.push(row);
  const chunks: unknown[] = [client.db.tx['counts']?.[row]?.create({ by: client.at, number })];
  const oldest = own.length > mostRows / clients ? own.shift() : undefined;
  if (oldest) {
    expected.delete(oldest);
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
const writer = setInterval(write, 1000 / writesPerSecond);
const killer = setInterval(() => {
  killing = killing.then(async () => {
    counts.kills += 1;
    await server.end('SIGKILL');
    server = await start();
  });
}, killEverySeconds * 1000);
const crashes = [1 / 3, 2 / 3].map((part) =>
  setTimeout(() => void (killing = killing.then(() => postgres.crash())), seconds * part * 1000),
);

const heap = async (): Promise<number> => {
  for (let time = 0; time < 3; time += 1) {
    globalThis.gc?.();
    await sleep(100);
  }
  return process.memoryUsage().heapUsed;
};
await sleep(seconds * 250);
const early = await heap();
await sleep(seconds * 1000 - elapsed() * 1000);
[writer, killer, ...crashes].forEach(clearInterval);
const late = await heap();
await killing;
while (counts.confirmed + counts.rejected < counts.writes && elapsed() < seconds + 120) await sleep(200);
await sleep(3_000);

const faults: string[] = [];
const unsettled = counts.writes - counts.confirmed - counts.rejected;
if (unsettled > 0) faults.push(`${unsettled} writes never settled`);
if (counts.rejected > 0) faults.push(`${counts.rejected} writes were rejected`);
for (const { shown, at } of databases) {
  const rows = new Map(shown.rows.map(({ id: row, number }) => [row, number]));
  const lost = [...expected].filter(([row, number]) => rows.get(row) !== number).length;
  if (lost > 0) faults.push(`client ${at} lacks ${lost} rows`);
  if (rows.size !== expected.size) faults.push(`client ${at} shows ${rows.size} rows, of ${expected.size}`);
  if (rows.size !== shown.rows.length) faults.push(`client ${at} shows a row twice`);
}
if (globalThis.gc && late > early * mostGrowth + compiledBytes) faults.push(`the heap grew from ${early} to ${late} bytes`);
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
console.log(
  `${seconds} s, ${clients} clients: ${counts.writes} writes, ${counts.confirmed} confirmed, ${counts.kills} kills of the server, 2 of PostgreSQL; ` +
    `heap ${megabytes(early)} at a quarter, ${megabytes(late)} at the end${globalThis.gc ? '' : ' (not collected)'}`,
);
for (const fault of faults) console.error(`! ${fault}`);
for (const { db } of databases) await db.close();
await server.end('SIGTERM');
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
