// WebSocket transport of the server, built on the `ws` package. Adds what sessions do not handle: liveness of the peer, and back-pressure.
//
// Every listener here that may throw runs under `guarded`.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type PerMessageDeflateOptions, type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { isUuid } from '../lib/uuid.ts';
import { type ClientAddress, clientAddress } from './client-address.ts';
import { FrameLine, FrameTurns } from './frame-turns.ts';
import { guard, type Guarded } from './guarded.ts';
import { IncomingBytes } from './incoming-bytes.ts';
import { countInflated } from './inflated.ts';
import type { Limits } from './limits.ts';
import type { AllowsOrigin } from './origins.ts';
import type { Hub } from './session/hub.ts';
import type { Socket } from './session/subscriber.ts';
import { bytesOf, type Frame, PartedOutput } from './parted-output.ts';
import { UnreadOutput } from './unread-output.ts';
import { plainRequests, rejectUpgrade } from './upgrade.ts';

const pingEveryMs = 5000;
/** Unanswered pings before the peer counts as gone. Counted rather than measured, so that a paused process does not drop healthy peers. */
const maxMissedPings = 3;
/** "Try again later": the peer does not read. */
const tooSlow = 1013;
/** How long a peer has to answer a close frame. */
const closeWithinMs = 1000;
/** Oversized frames up to this multiple of the limit get an error response; `ws` closes the connection for larger ones. */
const answeredFactor = 4;
/** The prefix of an oversized frame that is searched for the message the error should name. */
const headBytes = 4096;

/**
 * Every message by itself: a context that is kept would cost memory for as long as the connection lasts. Small windows, as a connection
 * keeps its buffers once it has used them.
 */
const deflate: PerMessageDeflateOptions = {
  threshold: 8192,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 12,
  zlibDeflateOptions: { memLevel: 5 },
  // A frame of a few kilobytes may inflate to the largest one that is answered.
  concurrencyLimit: 3,
};

export interface Sockets {
  /** Closes all sockets; resolves when none is left. */
  close(): Promise<void>;
}

export interface SocketsConfig {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** The client's address. Default: the address of the connection. */
  readonly clientAddress?: ClientAddress;
  /** Origins that may connect. Default: all. */
  readonly allowsOrigin?: AllowsOrigin;
  /** Whether long messages are compressed for those who offer it; not, if not given. */
  readonly compression?: boolean;
  /** What all connections of the server have not read yet; missing = those of sockets only. */
  readonly unread?: UnreadOutput<object>;
  /** What has arrived and is not complete yet, on all connections of the server; missing = that of sockets only. */
  readonly incoming?: IncomingBytes<object>;
}

interface Peer {
  missedPings: number;
}

export function serveSockets(server: Server, hub: Hub, config: SocketsConfig): Sockets {
  const { limits, clock, unread = new UnreadOutput<object>(config.limits, config.clock) } = config;
  const incoming = config.incoming ?? new IncomingBytes<object>(limits.totalIncomingBytes);
  const { allowsOrigin = () => true, clientAddress: addressOf = clientAddress(undefined) } = config;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytes * answeredFactor,
    perMessageDeflate: config.compression === true && deflate,
  });
  const peers = new Map<WebSocket, Peer>();
  const guarded = guard(config.log);
  const turns = new FrameTurns(guarded);
  const asPlainRequest = plainRequests(server);
  // A function of its own: what listens to a socket for as long as it lasts holds neither its request nor the headers.
  const accept = (opened: WebSocket, socket: Duplex, from: Pick<Socket, 'ip' | 'origin'>): void => {
    const peer = { missedPings: 0 };
    peers.set(opened, peer);
    opened.on('close', () => peers.delete(opened));
    countIncoming(opened, socket, incoming);
    attach(opened, from, peer, { hub, limits, unread, incoming, turns, guarded });
  };
  server.on('upgrade', (request, socket: Duplex, head) => {
    const isDone = guarded(() => {
      if (!isWebSocketUpgrade(request)) return asPlainRequest(request, socket, head);
      const problem = problemWith(request, allowsOrigin);
      if (problem) return rejectUpgrade(socket, problem);
      const from = {
        ip: addressOf(request.socket.remoteAddress, headerOf(request, 'x-forwarded-for')),
        origin: request.headers.origin,
      };
      sockets.handleUpgrade(request, socket, head, (opened) => {
        if (!guarded(() => accept(opened, socket, from))) opened.terminate();
      });
    });
    if (!isDone) socket.destroy();
  });
  const stop = every(clock, pingEveryMs, () => pingAll(peers, guarded));
  return {
    async close() {
      stop();
      await closeAll(peers, clock);
      sockets.close();
    },
  };
}

function isWebSocketUpgrade({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? '').split(',').some((protocol) => protocol.trim().toLowerCase() === 'websocket');
}

function pingAll(peers: ReadonlyMap<WebSocket, Peer>, guarded: Guarded): void {
  for (const [socket, peer] of peers) {
    if (peer.missedPings >= maxMissedPings) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) {
      peer.missedPings++;
      if (!guarded(() => socket.ping())) socket.terminate();
    }
  }
}

/** Counts a frame until it is taken. Bytes of the next frame in the same chunk are not counted until more arrives. */
function countIncoming(opened: WebSocket, socket: Duplex, incoming: IncomingBytes<object>): void {
  const cut = (): void => {
    opened.close(tooSlow, 'too much is being sent');
    opened.terminate();
  };
  socket.prependListener('data', (chunk: Buffer) => incoming.add(opened, chunk.byteLength, cut));
  countInflated(opened, (bytes) => incoming.add(opened, bytes, cut));
  opened.on('close', () => incoming.remove(opened));
}

/** Unread bytes up to which more of a large response is sent. */
const drainedBytes = 1024 * 1024;

interface Attachment {
  readonly hub: Hub;
  readonly limits: Limits;
  readonly unread: UnreadOutput<object>;
  readonly incoming: IncomingBytes<object>;
  readonly turns: FrameTurns;
  readonly guarded: Guarded;
}

function attach(socket: WebSocket, from: Pick<Socket, 'ip' | 'origin'>, peer: Peer, around: Attachment): void {
  const { hub, limits, unread, incoming, turns, guarded } = around;
  const cut = (): void => {
    session.close(tooSlow, 'the client does not read');
    socket.terminate();
  };
  let waiting: (() => void)[] = [];
  const buffered = (): number => socket.bufferedAmount + output.waitingBytes;
  const isDrained = (): boolean => socket.readyState !== WebSocket.OPEN || buffered() <= drainedBytes;
  const wake = (): void => {
    if (!isDrained()) return;
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  // The parts of a message are fragments of one WebSocket message.
  const output = new PartedOutput(({ text, isLast }, written) => {
    socket.send(text, { fin: isLast }, () => {
      unread.update(socket, buffered());
      wake();
      if (!guarded(written)) socket.terminate();
    });
  });
  const send = (frame: Frame): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    unread.admit(socket, buffered(), bytesOf(frame), cut);
    if (socket.readyState === WebSocket.OPEN) output.send(frame);
  };
  const session = hub.connect({
    ...from,
    drained: () => (isDrained() ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve))),
    send,
    sendParts: send,
    close(code, reason) {
      // Nothing may keep it open.
      const isClosing = guarded(() => {
        output.flush();
        socket.close(code, reason);
      });
      if (!isClosing) socket.terminate();
    },
  });
  const isAlive = (): void => void (peer.missedPings = 0);
  const line = new FrameLine(turns, socket);
  const read = (data: RawData, isBinary: boolean, bytes: number): void => {
    if (bytes > limits.frameBytes) session.rejectOversized(bufferOf(data).subarray(0, headBytes).toString('utf8'));
    else session.receive(isBinary ? undefined : bufferOf(data).toString('utf8'));
  };
  socket.on('message', (data, isBinary) => {
    isAlive();
    const bytes = sizeOf(data);
    line.take(bytes, () => {
      isAlive();
      incoming.remove(socket);
      guarded(() => read(data, isBinary, bytes));
    });
  });
  socket.on('pong', isAlive);
  socket.on('ping', isAlive);
  // `close` follows with the code sent to the peer (1009 for a frame that is far too large).
  socket.on('error', () => {});
  socket.on('close', () => {
    unread.remove(socket);
    wake();
    line.take(0, () => void guarded(() => session.end()));
  });
}

function sizeOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;
}

function bufferOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

type Problem = readonly [status: string, text: string];

function problemWith(request: IncomingMessage, allowsOrigin: AllowsOrigin): Problem | undefined {
  const url = parsed(request.url ?? '/');
  if (!url) return ['400 Bad Request', 'The request target is not valid'];
  if (url.pathname !== '/runtime/session') return ['404 Not Found', 'Sockets are at /runtime/session'];
  const appId = url.searchParams.get('app_id');
  if (appId !== null && !isUuid(appId)) return ['400 Bad Request', 'app_id is not a uuid'];
  const { origin } = request.headers;
  if (origin !== undefined && !allowsOrigin(origin)) return ['403 Forbidden', 'Pages of this origin may not use this server'];
  return undefined;
}

/** Repeated header lines are joined into one list. */
function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** Undefined if the request target is not a valid URL, such as `//` or `http://a:99999/`. */
function parsed(target: string): URL | undefined {
  try {
    return new URL(target, 'http://server');
  } catch {
    return undefined;
  }
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

/** Peers that received a close frame get some time to answer it. */
async function closeAll(peers: ReadonlyMap<WebSocket, Peer>, clock: Clock): Promise<void> {
  const timer = clock.setTimeout(() => {
    for (const socket of peers.keys()) socket.terminate();
  }, closeWithinMs);
  for (const socket of peers.keys()) if (socket.readyState === WebSocket.OPEN) socket.close(1001);
  await Promise.all([...peers.keys()].map((socket) => new Promise((closed) => socket.once('close', closed))));
  clock.clearTimeout(timer);
}
