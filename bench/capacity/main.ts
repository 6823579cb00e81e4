// What a server can carry: `npx tsx bench/capacity/main.ts [name…]`. The server is a process of its own, built as one file; the clients are in
// this one. Prints figures, with the load of the machine beside them.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';

import { startPostgres } from '../../test/support/postgres.ts';
import { attrs, idOf } from './app-data.ts';
import { hostile } from './hostile.ts';
import { addAttrs, Client, out, pause, Server } from './peers.ts';

const operatorToken = '0b000000-0000-4000-8000-0000000000aa';

const write = (n: number): object => ({
  op: 'transact',
  'tx-steps': [
    ['add-triple', idOf('e0', n), attrs[0]?.id, idOf('e0', n)],
    ['add-triple', idOf('e0', n), attrs[1]?.id, `Item ${n}`],
  ],
});
const text = (figures: object): string =>
  JSON.stringify(figures, (_key, value: unknown) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value));

/** Sessions with one query for everything each, while somebody writes eight times a second. */
async function sessions(): Promise<object> {
  const server = await Server.start('memory');
  const writer = await new Client(server.url).ready();
  await writer.request(addAttrs, 'transact-ok');
  let delivered = 0;
  const readers = await Promise.all(Array.from({ length: 300 }, () => new Client(server.url).ready()));
  for (const reader of readers) {
    await reader.request({ op: 'add-query', q: { items: {} } }, 'add-query-ok');
    reader.onMessage = ({ op, deltas, computations }) => {
      if (op !== 'refresh-ok') return;
      for (const { added = [] } of (deltas ?? []) as { added?: [string][] }[]) delivered += new Set(added.map(([e]) => e)).size;
      for (const _ of (computations ?? []) as unknown[]) delivered++;
    };
  }
  const [before, began] = [await server.usage(), performance.now()];
  const writes = 160;
  for (let n = 0; n < writes; n++) {
    void writer.request(write(n), 'transact-ok');
    await pause(125);
  }
  await pause(1000);
  const [after, seconds] = [await server.usage(), (performance.now() - began) / 1000];
  for (const { socket } of [...readers, writer]) socket.terminate();
  await server.stop();
  const cores = (after.cpuMs - before.cpuMs) / 1000 / seconds;
  return { delivered: delivered / (writes * readers.length), cores, rssMB: after.rssMB };
}

async function sockets(): Promise<object> {
  const server = await Server.start('memory');
  const open: Client[] = [];
  const before = await server.usage('collect');
  for (let n = 0; n < 50; n++) open.push(...(await Promise.all(Array.from({ length: 100 }, () => new Client(server.url).ready()))));
  const peak = await server.usage();
  const { rssMB } = await server.usage('collect');
  // A query of its own each: one that all share is evaluated and kept once.
  await open[0]?.request(addAttrs, 'transact-ok');
  const q = (n: number): object => ({ items: { $: { where: { id: idOf('e0', n) } } } });
  for (const [n, client] of open.entries()) await client.request({ op: 'add-query', q: q(n) }, 'add-query-ok');
  const asking = await server.usage('collect');
  for (const { socket } of open) socket.terminate();
  await server.stop();
  return { sockets: open.length, baseRssMB: before.rssMB, rssMB, peakRssMB: peak.rssMB, rssWithQueriesMB: asking.rssMB };
}

async function throughput(kind: string, place: string): Promise<object> {
  const server = await Server.start(kind, place);
  const writers = await Promise.all(Array.from({ length: 16 }, () => new Client(server.url).ready()));
  await writers[0]?.request(addAttrs, 'transact-ok').catch(() => undefined);
  const readers = await Promise.all(Array.from({ length: 8 }, () => new Client(server.url).ready()));
  for (const [n, reader] of readers.entries())
    await reader.request({ op: 'add-query', q: { items: { $: { where: { id: idOf('e0', n) } } } } }, 'add-query-ok');
  const [before, began] = [await server.usage(), performance.now()];
  const total = 8000;
  let at = 0;
  const line = async (writer: Client): Promise<void> => {
    while (at < total) await writer.request(write(at++), 'transact-ok');
  };
  // Four at a time from each, as a client that does not wait for its last write.
  await Promise.all(writers.flatMap((writer) => Array.from({ length: 4 }, () => line(writer))));
  const seconds = (performance.now() - began) / 1000;
  const after = await server.usage();
  for (const { socket } of [...readers, ...writers]) socket.terminate();
  await server.stop();
  return { perSecond: total / seconds, cpuMsPerTransaction: (after.cpuMs - before.cpuMs) / total, rssMB: after.rssMB };
}

/** Apps of 1,000 triples each: all are opened, ten are in use. */
async function apps(count: number): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'triplane-apps-'));
  // Made by another process, which needs memory for it.
  await (await Server.start('sqlite', folder, String(count))).stop();
  const server = await Server.start('sqlite', folder, '0', '2000');
  const ask = async (n: number): Promise<void> => {
    const response = await fetch(`${server.url}/admin/query`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${operatorToken}`,
        'app-id': `a9900000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
      },
      body: JSON.stringify({ query: { items: { $: { limit: 1 } } } }),
    });
    if (!response.ok) throw new Error(await response.text());
    await response.arrayBuffer();
  };
  const before = await server.usage('collect');
  for (let n = 0; n < count; n++) await ask(n);
  const opened = await server.usage('collect');
  for (let round = 0; round < 30; round++) {
    for (let n = 0; n < 10; n++) await ask(n);
    await pause(300);
  }
  await server.usage('collect');
  // V8 returns the pages of what it has collected bit by bit.
  await pause(10_000);
  const after = await server.usage('collect');
  await server.stop();
  rmSync(folder, { recursive: true });
  return {
    apps: count,
    heapBeforeMB: before.heapMB,
    heapAllOpenMB: opened.heapMB,
    heapTenInUseMB: after.heapMB,
    ...{ rssBeforeMB: before.rssMB, rssAllOpenMB: opened.rssMB, rssMB: after.rssMB },
  };
}

function oneApp(): object {
  const folder = mkdtempSync(join(tmpdir(), 'triplane-app-'));
  const run = (step: string): string =>
    execFileSync(process.execPath, ['--expose-gc', join(out, 'one-app.mjs'), step, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  run('make');
  const printed = run('load');
  rmSync(folder, { recursive: true });
  return JSON.parse(printed.slice(2)) as object;
}

async function onPostgres(): Promise<object> {
  const database = await startPostgres({ fsync: true });
  try {
    return await throughput('postgres', database.url);
  } finally {
    await database.stop();
  }
}

const scenarios: Readonly<Record<string, () => object | Promise<object>>> = {
  sessions,
  sockets,
  hostile,
  'one-app': oneApp,
  memory: () => throughput('memory', ''),
  postgres: onPostgres,
  'apps-10': () => apps(10),
  'apps-1000': () => apps(1000),
};

for (const name of ['server', 'one-app']) {
  await build({
    entryPoints: [new URL(`${name}.ts`, import.meta.url).pathname],
    outfile: join(out, `${name}.mjs`),
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external', logLevel: 'error' },
  });
}
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(scenarios)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${name}: ${text(await run())} (load ${loadavg()[0]?.toFixed(1)})\n`);
}
process.exit(0);
