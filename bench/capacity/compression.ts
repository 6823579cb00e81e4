// What compression costs and gains: memory of the server for each socket, and how long the first answer of 10,000 rows takes over a line of
// 10 Mbit/s. Each case runs in a process of its own.
//
//   node --import tsx --expose-gc bench/capacity/compression.ts

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { createServer } from '../../src/server/index.ts';
import { id } from '../../src/lib/uuid.ts';

const rows = 10_000;
const sockets = 300;
const bytesPerSecond = 10_000_000 / 8;

/** A line to `port` that lets so many bytes through, in steps of 10 ms. */
function throttledLine(port: number): Promise<number> {
  const server = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far);
    trickle(far, near).catch(() => near.destroy());
    near.on('error', () => far.destroy());
    near.on('close', () => far.destroy());
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));
}

async function trickle(from: Socket, to: Socket): Promise<void> {
  let started = performance.now();
  let sent = 0;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    if (performance.now() - started > 1000 + (sent / bytesPerSecond) * 1000) [started, sent] = [performance.now(), 0];
    for (let at = 0; at < chunk.length; at += 12_500) {
      const part = chunk.subarray(at, at + 12_500);
      sent += part.length;
      const due = started + (sent / bytesPerSecond) * 1000;
      if (due > performance.now()) await sleep(due - performance.now());
      to.write(part);
    }
  }
  to.end();
}

async function opened(uri: string, adminToken: string, appId: string, perMessageDeflate: boolean): Promise<WebSocket> {
  const socket = new WebSocket(`${uri}?app_id=${appId}`, { perMessageDeflate });
  await once(socket, 'open');
  socket.send(JSON.stringify({ op: 'init', 'client-event-id': 'i', 'app-id': appId, '__admin-token': adminToken, versions: {} }));
  await once(socket, 'message');
  return socket;
}

async function asked(socket: WebSocket, q: object): Promise<number> {
  socket.send(JSON.stringify({ op: 'add-query', 'client-event-id': id(), q }));
  const [data] = (await once(socket, 'message')) as [Buffer];
  return data.length;
}

/** One server; its clients are in the parent process. */
async function serve(compression: boolean): Promise<void> {
  const server = await createServer({ compression });
  const headers = { 'content-type': 'application/json', 'app-id': server.appId, authorization: `Bearer ${server.adminToken}` };
  for (let at = 0; at < rows; at += 1000) {
    const steps = Array.from({ length: 1000 }, (_, n) => [
      'update',
      'goals',
      id(),
      { title: `Goal number ${at + n}`, done: n % 3 === 0, n: at + n },
    ]);
    await fetch(`${server.url}/admin/transact`, { method: 'POST', headers, body: JSON.stringify({ steps }) });
  }
  process.on('message', (message) => {
    if (message === 'end') process.exit(0);
    globalThis.gc?.();
    globalThis.gc?.();
    process.send?.({ rss: process.memoryUsage().rss });
  });
  const { websocketURI, adminToken, appId, port } = server;
  process.send?.({ websocketURI, adminToken, appId, port });
}

async function measured(compression: boolean): Promise<void> {
  const child = fork(new URL(import.meta.url).pathname, [String(compression)], { execArgv: ['--import', 'tsx', '--expose-gc'] });
  const [at] = (await once(child, 'message')) as [{ websocketURI: string; adminToken: string; appId: string; port: number }];
  const rss = async (): Promise<number> => {
    child.send('rss');
    return ((await once(child, 'message')) as [{ rss: number }])[0].rss;
  };
  const line = await throttledLine(at.port);
  const far = await opened(at.websocketURI.replace(`:${at.port}`, `:${line}`), at.adminToken, at.appId, true);
  const start = performance.now();
  const length = await asked(far, { goals: {} });
  const ms = performance.now() - start;
  far.terminate();
  const small = { goals: { $: { limit: 100 } } };
  const warm = await opened(at.websocketURI, at.adminToken, at.appId, true);
  await asked(warm, small);
  await rss();
  const before = await rss();
  const open = [];
  for (let n = 0; n < sockets; n++) open.push(await opened(at.websocketURI, at.adminToken, at.appId, true));
  const idle = await rss();
  for (const socket of open) await asked(socket, small);
  await sleep(500);
  const used = await rss();
  const kB = (bytes: number): string => `${Math.round(bytes / sockets / 1024)} kB`;
  process.stdout.write(
    `compression ${compression}: ${rows} rows (${(length / 1e6).toFixed(1)} MB) after ${Math.round(ms)} ms; ` +
      `a socket ${kB(idle - before)}, after an answer of ${await asked(warm, { goals: { $: { limit: 101 } } })} bytes ${kB(used - before)}\n`,
  );
  child.send('end');
}

const [mode] = process.argv.slice(2);
if (mode !== undefined) await serve(mode === 'true');
else {
  for (const compression of [false, true]) await measured(compression);
  process.exit(0);
}
