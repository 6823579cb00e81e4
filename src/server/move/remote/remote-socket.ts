// An admin session on another server: requests with their responses, and pushed messages.

import { WebSocket } from 'ws';
import { InstantAPIError, type TriplaneError } from '../../../errors.ts';
import { id } from '../../../lib/uuid.ts';
import { isObject } from '../../../lib/json.ts';
import type { WireAttr } from '../../../protocol/attr.ts';
import type { RemoteApp } from './remote-app.ts';

export type RemoteMessage = Readonly<Record<string, unknown>> & { readonly op: string };

export interface RemoteSocketEvents {
  /** Receives everything but responses. A throw ends the session. */
  readonly said: (message: RemoteMessage) => void;
  readonly closed: (reason: Error) => void;
}

interface Asked {
  /** Called before the next message is read. */
  readonly resolve: (message: RemoteMessage) => void;
  readonly reject: (error: Error) => void;
}

const openTimeoutMs = 30_000;
const pingEveryMs = 20_000;

export class RemoteSocket {
  readonly #socket: WebSocket;
  readonly #events: RemoteSocketEvents;
  readonly #asked = new Map<string, Asked>();
  #isHeard = true;
  #isOver = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The status when the session started. */
  attrs: readonly WireAttr[] = [];
  status = 'active';

  private constructor(socket: WebSocket, events: RemoteSocketEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('message', (data) => this.#received((data as Buffer).toString()));
    socket.on('pong', () => (this.#isHeard = true));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', (code) => this.#end(new Error(`the connection was closed (${code})`)));
  }

  /** Rejects if the server rejects the session or cannot be reached. */
  static async open(app: RemoteApp, events: RemoteSocketEvents): Promise<RemoteSocket> {
    const address = `${app.url.replace(/^http/, 'ws')}/runtime/session?app_id=${app.appId}`;
    const socket = new WebSocket(address, { handshakeTimeout: openTimeoutMs, maxPayload: 512 * 1024 ** 2 });
    const session = new RemoteSocket(socket, events);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const versions = { '@instantdb/core': 'v1.0.67' };
    const answer = await session.ask({ op: 'init', 'app-id': app.appId, versions, '__admin-token': app.adminToken });
    session.attrs = answer['attrs'] as readonly WireAttr[];
    const status = answer['app-status'];
    if (isObject(status) && typeof status['status'] === 'string') session.status = status['status'];
    session.#timer = setInterval(() => session.#ping(), pingEveryMs);
    return session;
  }

  /** `answered`: called with the response before the next message is read. */
  ask(message: RemoteMessage, answered: (answer: RemoteMessage) => void = () => undefined): Promise<RemoteMessage> {
    if (this.#isOver) return Promise.reject(new Error('the connection is closed'));
    const eventId = id();
    return new Promise((resolve, reject) => {
      const settle = (answer: RemoteMessage): void => {
        answered(answer);
        resolve(answer);
      };
      this.#asked.set(eventId, { resolve: settle, reject });
      this.#socket.send(JSON.stringify({ ...message, 'client-event-id': eventId }));
    });
  }

  /** Sends a message that has no success response. */
  tell(message: RemoteMessage): void {
    if (!this.#isOver) this.#socket.send(JSON.stringify({ ...message, 'client-event-id': id() }));
  }

  /** Resolves when earlier messages were sent. */
  async close(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#timer);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((closed) => {
      this.#socket.once('close', () => closed());
      this.#socket.close();
    });
  }

  #received(text: string): void {
    if (this.#isOver) return;
    this.#isHeard = true;
    try {
      // A frame may hold several messages.
      for (const message of [JSON.parse(text) as RemoteMessage | readonly RemoteMessage[]].flat()) this.#read(message);
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #read(message: RemoteMessage): void {
    const eventId = message['client-event-id'];
    const asked = typeof eventId === 'string' ? this.#asked.get(eventId) : undefined;
    if (!asked || typeof eventId !== 'string') return this.#events.said(message);
    this.#asked.delete(eventId);
    if (message.op === 'error') asked.reject(rejectionOf(message));
    else asked.resolve(message);
  }

  #ping(): void {
    if (!this.#isHeard) return this.#end(new Error('the server does not answer'));
    this.#isHeard = false;
    this.#socket.ping();
  }

  #end(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#socket.terminate();
    for (const { reject } of this.#asked.values()) reject(reason);
    this.#asked.clear();
    this.#events.closed(reason);
  }
}

function rejectionOf({ status, type, message, hint }: RemoteMessage): TriplaneError {
  const body = { type: String(type), message: String(message ?? type), hint };
  return new InstantAPIError({ status: Number(status ?? 400), body });
}
