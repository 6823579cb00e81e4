// What an open socket keeps in memory.

import type { IncomingMessage } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/lib/clock.ts';
import { silent } from '../../src/lib/log.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import { serveSockets } from '../../src/server/ws.ts';
import { appId, bench } from './bench.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('an open socket does not keep the request that it began with', async () => {
  const server = createHttpServer();
  const requests: WeakRef<IncomingMessage>[] = [];
  server.on('upgrade', (request) => requests.push(new WeakRef(request)));
  const sockets = serveSockets(server, bench().hub, { limits: defaultLimits, clock: systemClock, log: silent });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/runtime/session?app_id=${appId}`;
  const clients = Array.from({ length: 20 }, () => new WebSocket(url));
  await Promise.all(clients.map((client) => new Promise((resolve) => client.once('open', resolve))));
  await expect
    .poll(() => {
      collect();
      return requests.filter((request) => request.deref()).length;
    })
    .toBeLessThan(5);
  expect(requests).toHaveLength(20);
  for (const client of clients) client.terminate();
  await sockets.close();
  server.close();
});
