// The stand-in of the original in front of an app's sockets, reached over real ones.

import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

import type { AppUnderTest } from '../../original/app-under-test.ts';
import { OriginalServer, type Peer, type ServerSession } from './double.ts';

/** The same app, whose sockets are answered by the stand-in. */
export async function behindDouble(app: AppUnderTest): Promise<AppUnderTest> {
  const original = new OriginalServer({ random: Math.random, maxRefreshDelay: 0 });
  const near = new WebSocketServer({ port: 0 });
  await new Promise((resolve) => near.once('listening', resolve));
  near.on('connection', (socket, { url = '' }) => {
    const far = new WebSocket(app.ws + url.slice(url.indexOf('?')));
    const waiting: string[] = [];
    const connect = (peer: Peer): ServerSession => {
      far.on('open', () => waiting.splice(0).forEach((frame) => far.send(frame)));
      far.on('message', (frame: Buffer) => peer.send(frame.toString()));
      far.on('close', (code, reason) => socket.close(code === 1005 || code === 1006 ? undefined : code, reason));
      far.on('error', () => {});
      return { receive: (frame) => (far.readyState === far.OPEN ? far.send(frame) : waiting.push(frame)), end: () => far.close() };
    };
    const session = original.connect(connect)({ send: (frame) => socket.send(frame), close: () => socket.close() });
    socket.on('message', (frame: Buffer) => session.receive(frame.toString()));
    socket.on('close', () => session.end());
  });
  const close = async (): Promise<void> => {
    for (const socket of near.clients) socket.terminate();
    await new Promise((resolve) => near.close(resolve));
    await app.close();
  };
  return { ...app, ws: `ws://localhost:${(near.address() as AddressInfo).port}`, close };
}
