// The server on WebSockets, by the `ws` package: frames in, frames out, and the two things a socket needs that a session
// knows nothing of: whether anybody is still there, and whether they read what they are sent.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Clock, Timer } from '../lib/clock.ts';
import { isUuid } from '../lib/uuid.ts';
import type { Hub } from './session/hub.ts';
import type { Limits } from './limits.ts';

const pingEveryMs = 5000;
/** Nothing heard for so long: nobody is there. Looked at with each ping. */
const silentForMs = 15_000;
/** "Try again later": the peer does not read. */
const tooSlow = 1013;
/** How long a peer has to answer a close. */
const closeWithinMs = 1000;

export interface Sockets {
  /** Ends all of them; resolves when none is left. */
  close(): Promise<void>;
}

export function serveSockets(server: Server, hub: Hub, limits: Limits, clock: Clock): Sockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.frameBytes });
  const lastSeen = new Map<WebSocket, number>();
  server.on('upgrade', (request, socket: Duplex, head) => {
    const problem = problemWith(request.url ?? '/');
    if (problem) return rejectUpgrade(socket, problem);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      lastSeen.set(opened, clock.now());
      attach(opened, request, hub, limits, () => lastSeen.set(opened, clock.now()));
      opened.on('close', () => lastSeen.delete(opened));
    });
  });
  const stop = every(clock, pingEveryMs, () => {
    for (const [socket, at] of lastSeen) {
      if (clock.now() - at > silentForMs) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) socket.ping();
    }
  });
  return {
    async close() {
      stop();
      await emptied(lastSeen, clock);
      sockets.close();
    },
  };
}

function attach(socket: WebSocket, request: IncomingMessage, hub: Hub, limits: Limits, markSeen: () => void): void {
  const session = hub.connect({
    ip: request.socket.remoteAddress,
    origin: request.headers.origin,
    send(frame) {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > limits.unreadBytes) return session.close(tooSlow, 'the client does not read');
      socket.send(frame);
    },
    close(code, reason) {
      socket.close(code, reason);
      if (code === tooSlow) socket.terminate();
    },
  });
  socket.on('message', (data, isBinary) => {
    markSeen();
    session.receive(isBinary ? undefined : textOf(data));
  });
  socket.on('pong', markSeen);
  socket.on('ping', markSeen);
  // `close` follows, with the code the peer was given (1009 for a frame that is too large).
  socket.on('error', () => {});
  socket.on('close', () => session.end());
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)).toString('utf8');
}

type Problem = readonly [status: string, text: string];

function problemWith(url: string): Problem | undefined {
  const { pathname, searchParams } = new URL(url, 'http://server');
  if (pathname !== '/runtime/session') return ['404 Not Found', 'Sockets are at /runtime/session'];
  const appId = searchParams.get('app_id');
  if (appId !== null && !isUuid(appId)) return ['400 Bad Request', 'app_id is not a uuid'];
  return undefined;
}

function rejectUpgrade(socket: Duplex, [status, text]: Problem): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
}

function every(clock: Clock, ms: number, run: () => void): () => void {
  let timer: Timer;
  const next = (): void => {
    run();
    timer = clock.setTimeout(next, ms);
  };
  timer = clock.setTimeout(next, ms);
  return () => clock.clearTimeout(timer);
}

/** Those that were told to close get a moment to do so. */
async function emptied(lastSeen: ReadonlyMap<WebSocket, number>, clock: Clock): Promise<void> {
  const timer = clock.setTimeout(() => {
    for (const socket of lastSeen.keys()) socket.terminate();
  }, closeWithinMs);
  for (const socket of lastSeen.keys()) if (socket.readyState === WebSocket.OPEN) socket.close(1001);
  await Promise.all([...lastSeen.keys()].map((socket) => new Promise((closed) => socket.once('close', closed))));
  clock.clearTimeout(timer);
}
