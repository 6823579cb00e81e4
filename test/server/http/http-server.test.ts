// How long a request may take to arrive.

import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { httpServer } from '../../../src/server/http/http-server.ts';

test('a body may take as long as it takes, unless nothing comes', async () => {
  const bodies: string[] = [];
  const server = httpServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => void (body += data.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.end('taken');
    });
  }, 1000);
  expect([server.requestTimeout, server.headersTimeout]).toEqual([0, 60_000]);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => void (heard += data.toString()));
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody');
  await expect.poll(() => heard).toContain('taken');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo');
  await closed;
  expect(bodies).toEqual(['body']);
  server.close();
});
