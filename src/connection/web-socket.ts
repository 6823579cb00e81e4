// A Transport over a WebSocket. Clients send one object per frame; servers send one or several. PROTOCOL.md#messages

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, silent } from '../lib/log.ts';
import { loadWebSocket } from '../lib/platform-web-socket.ts';
import { encode } from '../protocol/codec.ts';
import { lazyTransport } from './lazy-transport.ts';
import { type Channel, type ChannelEvents, type CloseReason, deliverFrame, type FrameHandlers, type Transport } from './transport.ts';

/** The part of the WebSocket interface the client uses. Browsers' sockets, those of `ws` and test doubles conform. */
export interface WebSocketLike {
  /** 1 while frames can be sent. */
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(frame: string): void;
  close(code?: number, reason?: string): void;
  /** `ws` only: without it, a peer that does not respond to the close keeps the process alive. */
  terminate?(): void;
}

export interface WebSocketConfig {
  readonly url: string;
  readonly create?: ((url: string) => WebSocketLike) | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
  /** Receives the reason why the platform's WebSocket cannot be used. */
  readonly onError?: ((error: Error) => void) | undefined;
}

export function webSocketTransport({ url, create, clock = systemClock, log = silent, onError = () => {} }: WebSocketConfig): Transport {
  const transport = (connect: (url: string) => WebSocketLike): Transport => ({
    name: 'ws',
    open: (on) => openChannel(connect(url), on, clock, log),
  });
  return create ? transport(create) : lazyTransport('ws', async () => transport(await platformSocket()), onError);
}

async function platformSocket(): Promise<(url: string) => WebSocketLike> {
  const Socket = await loadWebSocket();
  if (!Socket) throw new TriplaneError('unreachable', 'This platform has no WebSocket: pass a constructor to init as `webSocket`');
  return (url) => new Socket(url);
}

const isOpen = 1;
const closeTimeoutMs = 1_000;

function openChannel(socket: WebSocketLike, events: ChannelEvents, clock: Clock, log: Log): Channel {
  /** Undefined once the channel is closed by either end. */
  let on: ChannelEvents | undefined = events;
  const handlers: FrameHandlers = {
    message: (message) => on?.message(message),
    activity: () => on?.activity(),
    fault: (error) => on?.fault(error),
  };
  socket.onopen = () => on?.opened();
  socket.onmessage = ({ data }: { readonly data: unknown }) => deliverFrame(data, handlers, log);
  // The error event carries no readable reason; the close event follows. An unhandled error event would end a Node process.
  socket.onerror = () => log.debug('connection', 'socket error');
  socket.onclose = ({ code = 1006, reason = '' }: Partial<CloseReason>) => {
    const last = on;
    on = undefined;
    last?.closed({ code, reason });
  };
  return {
    send(message) {
      const frame = encode(message);
      if (!on || socket.readyState !== isOpen) throw new TriplaneError('unreachable', 'The socket is not open');
      socket.send(frame);
    },
    async close(code = 1000, reason = '') {
      if (!on) return;
      on = undefined;
      await closeGracefully(socket, clock, code, reason);
    },
  };
}

/** Does not wait longer than `closeTimeoutMs` for a peer that ignores the close. */
function closeGracefully(socket: WebSocketLike, clock: Clock, code: number, reason: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => {
      socket.terminate?.();
      resolve();
    }, closeTimeoutMs);
    socket.onclose = () => {
      clock.clearTimeout(timer);
      resolve();
    };
    socket.close(code, reason);
  });
}
