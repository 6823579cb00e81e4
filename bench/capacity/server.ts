// A server in a process of its own, which says what it uses when it is asked.

import { readFileSync } from 'node:fs';

import { consoleLog, silent } from '../../src/lib/log.ts';
import { createServer, memory, postgres, sqlite } from '../../src/server/index.ts';
import { snapshotOf } from './app-data.ts';

const [, , kind = 'memory', place = ''] = process.argv;
export const ids = {
  appId: 'a9900000-0000-4000-8000-0000000000aa',
  adminToken: 'ad000000-0000-4000-8000-0000000000aa',
  operatorToken: '0b000000-0000-4000-8000-0000000000aa',
};

const storage = kind === 'memory' ? memory() : kind === 'postgres' ? await postgres(place) : await sqlite(place);
const [appsToMake = 0, idleAppMs] = process.argv.slice(4);
for (let n = 0; n < Number(appsToMake); n++) {
  const log = await storage.open(appIdOf(n));
  await log.append([{ txId: 1, at: 1, changes: [] }]);
  await log.compact(snapshotOf(112));
}
const server = await createServer({
  port: 0,
  storage,
  ...ids,
  log: { ...silent, error: (...parts) => consoleLog.error(...parts) },
  limits: { messagesPerSecond: 1e6, ...(idleAppMs !== undefined && { idleAppMs: Number(idleAppMs) }) },
});

export function appIdOf(n: number): string {
  return `a9900000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

const collect: () => void = (globalThis as { gc?: () => void }).gc ?? (() => {});

// The longest turn of the event loop, in CPU time of its thread: other work on the machine does not count, nor do helpers of the collector.
let longestTurnMs = 0;
const cpuMsOfThread = (): number => Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
let atLastTurn = cpuMsOfThread();
setInterval(() => {
  const now = cpuMsOfThread();
  longestTurnMs = Math.max(longestTurnMs, now - atLastTurn);
  atLastTurn = now;
}, 1);

process.on('message', (wish: string) => {
  if (wish === 'end') void server.close().then(() => process.exit(0));
  if (wish === 'collect') collect();
  if (wish === 'begin') [longestTurnMs, atLastTurn] = [0, cpuMsOfThread()];
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({ rssMB: rss / 1024 / 1024, heapMB: heapUsed / 1024 / 1024, cpuMs: (user + system) / 1000, longestTurnMs });
});
process.send?.({ url: server.url });
