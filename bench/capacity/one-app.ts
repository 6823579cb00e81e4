// One app of 100,000 entities (900,000 triples) in SQLite: what it costs to load it, to hold it, and to ask it. In a process of its own;
// `make` writes the file.

import { createServer, sqlite } from '../../src/server/index.ts';
import { attrs, idOf, owners, snapshotOf } from './app-data.ts';

const appId = 'a9900000-0000-4000-8000-0000000000ff';
const adminToken = 'ad000000-0000-4000-8000-0000000000ff';
const operatorToken = '0b000000-0000-4000-8000-0000000000ff';
const entities = 100_000;
const triples = entities * attrs.length;
const [, , step = 'load', folder = ''] = process.argv;

async function make(): Promise<void> {
  const storage = await sqlite(folder);
  const log = await storage.open(appId);
  await log.append([{ txId: 1, at: 1_700_000_000_000, changes: [] }]);
  await log.compact(snapshotOf(entities));
  await storage.close();
}

const collect: () => void = (globalThis as { gc?: () => void }).gc ?? (() => {});
const MB = 1024 * 1024;

async function load(): Promise<object> {
  const storage = await sqlite(folder);
  const server = await createServer({ port: 0, appId: 'a9900000-0000-4000-8000-0000000000fe', adminToken, storage, operatorToken });
  collect();
  const before = process.memoryUsage();
  let peak = before.rss;
  const query = async (q: object): Promise<unknown> => {
    const response = await fetch(`${server.url}/admin/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${operatorToken}`, 'app-id': appId },
      body: JSON.stringify({ query: q }),
    });
    return response.json();
  };
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const loading = query({ items: { $: { where: { id: idOf('e0', 5) } } } });
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
  const first = await loading;
  const loadMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const loadCpuMs = (user + system) / 1000;
  peak = Math.max(peak, process.memoryUsage().rss, process.resourceUsage().maxRSS * 1024);
  clearInterval(watch);
  collect();
  collect();
  const after = process.memoryUsage();
  const times: Record<string, number> = {};
  const kinds: Record<string, (n: number) => object> = {
    'order + limit 10': () => ({ $: { order: { rank: 'asc' }, limit: 10 } }),
    'limit 10': () => ({ $: { limit: 10 } }),
    'equality, indexed': (n) => ({ $: { where: { owner: `owner ${n % owners}` } } }),
    'equality, not indexed': (n) => ({ $: { where: { note: `A note about item ${n}` } } }),
  };
  for (const [name, make] of Object.entries(kinds)) {
    const took: number[] = [];
    for (let n = 0; n < 30; n++) {
      const start = performance.now();
      await query({ items: make(n * 31) });
      took.push(performance.now() - start);
    }
    times[`${name}, first`] = took[0] ?? 0;
    times[name] = took.slice(5).sort((a, b) => a - b)[12] ?? 0;
  }
  const heap = after.heapUsed - before.heapUsed;
  await server.close();
  return {
    first: JSON.stringify(first).length > 50,
    baseRssMB: before.rss / MB,
    loadMs,
    loadCpuMs,
    peakRssMB: peak / MB,
    heapMB: heap / MB,
    bytesPerTriple: heap / triples,
    times,
  };
}

if (step === 'make') await make();
else process.stdout.write(`@@${JSON.stringify(await load())}\n`);
