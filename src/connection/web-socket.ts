// A Transport over a WebSocket: frames in, messages out. One object per frame goes up, one or several come down.
// PROTOCOL.md#messages

import WebSocket from 'isomorphic-ws';

import { TriplaneError } from '../errors.ts';
import { type Log, silent } from '../lib/log.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import { decodeServerFrame, encode, type ServerFrame } from '../protocol/codec.ts';
import type { CloseReason, Line, LineEvents, Transport } from './transport.ts';

/** As much of a WebSocket as is used: the browser's, that of `ws`, and a test's will all do. */
export interface WebSocketLike {
  /** 1 while frames can be sent. */
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(frame: string): void;
  close(code?: number, reason?: string): void;
  /** Of `ws` only: without it a peer that does not answer the close keeps the process alive. */
  terminate?(): void;
}

export interface WebSocketConfig {
  readonly url: string;
  readonly create?: ((url: string) => WebSocketLike) | undefined;
  readonly log?: Log | undefined;
}

export function webSocketTransport({ url, create = platformSocket, log = silent }: WebSocketConfig): Transport {
  return { name: 'ws', open: (on) => new WebSocketLine(create(url), on, log) };
}

function platformSocket(url: string): WebSocketLike {
  if (typeof WebSocket !== 'function') throw new TriplaneError('unreachable', 'This platform has no WebSocket');
  return new WebSocket(url);
}

const isOpen = 1;
const farewellMs = 1_000;

class WebSocketLine implements Line {
  readonly #socket: WebSocketLike;
  readonly #log: Log;
  /** Gone once the line is closed, from either end. */
  #on: LineEvents | undefined;

  constructor(socket: WebSocketLike, on: LineEvents, log: Log) {
    this.#socket = socket;
    this.#on = on;
    this.#log = log;
    socket.onopen = () => this.#on?.opened();
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#take(data);
    // It tells nothing that a page may read; the close that follows is what counts. Without a listener it ends a Node process.
    socket.onerror = () => log.debug('connection', 'socket error');
    socket.onclose = (why: Partial<CloseReason>) => this.#closed(why);
  }

  send(message: ClientMessage): void {
    const frame = encode(message);
    if (!this.#on || this.#socket.readyState !== isOpen) throw new TriplaneError('unreachable', 'The socket is not open');
    this.#socket.send(frame);
  }

  /** A peer that does not answer the close is not waited for. */
  async close(code = 1000, reason = ''): Promise<void> {
    if (!this.#on) return;
    this.#on = undefined;
    const socket = this.#socket;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        socket.terminate?.();
        resolve();
      }, farewellMs);
      socket.onclose = () => {
        clearTimeout(timer);
        resolve();
      };
      socket.close(code, reason);
    });
  }

  #take(data: unknown): void {
    const frame = this.#read(data);
    if (!frame) return;
    if (frame.messages.length === 0) this.#on?.heard();
    for (const { op } of frame.unknown) this.#log.debug('connection', `'${op}' is no op that this client knows`);
    for (const message of frame.messages) this.#on?.message(message);
  }

  #read(data: unknown): ServerFrame | undefined {
    try {
      return decodeServerFrame(data);
    } catch (error) {
      if (!(error instanceof TriplaneError)) throw error;
      this.#on?.fault(error);
      return undefined;
    }
  }

  #closed({ code = 1006, reason = '' }: Partial<CloseReason>): void {
    const on = this.#on;
    this.#on = undefined;
    on?.closed({ code, reason });
  }
}
