// A line to a server that hears every message in both directions. It can be cut, as when the network is gone; it can swallow what the
// server says about transactions; and it can make the server one that forgets which writes it has had, as InstantDB's is.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { type RawData, WebSocket, WebSocketServer } from 'ws';

interface Message {
  readonly op: string;
  readonly [field: string]: unknown;
}

/** A transaction that the server has committed. */
export interface Commit {
  readonly txId: number;
  readonly title: string;
}

export class RecordingProxy {
  isCut = false;
  /** What the server says about transactions is heard here, and nowhere else. */
  swallowsAcks = false;
  isForgetful = false;
  /** A client that finds the line cut may use an event stream after that, in which nothing is heard: it is refused. */
  isForSocketsOnly = false;
  readonly #target: number;
  readonly #commits = new Map<number, string>();
  /** Event id → title. */
  readonly #titles = new Map<string, string>();
  readonly #server = createServer((request, response) => this.#pass(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true });
  #repeats = 0;

  constructor(target: number) {
    this.#target = target;
    this.#server.on('upgrade', (request: IncomingMessage, socket, head) => {
      if (this.isCut) return void socket.destroy();
      this.#sockets.handleUpgrade(request, socket, head, (near) => this.#join(near, request.url ?? ''));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** In the order of their commit. A write that was done twice is here twice. */
  get commits(): readonly Commit[] {
    return [...this.#commits].map(([txId, title]) => ({ txId, title })).sort((a, b) => a.txId - b.txId);
  }

  cut(): void {
    this.isCut = true;
    this.hangUp();
  }

  heal(): void {
    this.isCut = false;
  }

  hangUp(): void {
    for (const near of this.#sockets.clients) near.terminate();
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.hangUp();
    await new Promise((closed) => this.#server.close(closed));
  }

  #join(near: WebSocket, path: string): void {
    const far = new WebSocket(`ws://127.0.0.1:${this.#target}${path}`);
    const waiting: string[] = [];
    const toServer = (text: string): void => (far.readyState === WebSocket.OPEN ? far.send(text) : void waiting.push(text));
    near.on('message', (data) => toServer(this.#fromClient(textOf(data))));
    far.on('open', () => waiting.splice(0).forEach((text) => far.send(text)));
    far.on('message', (data) => {
      const text = this.#fromServer(textOf(data));
      if (text !== undefined && near.readyState === WebSocket.OPEN) near.send(text);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      // prettier-ignore
      one.on('close', () => other.terminate());
      one.on('error', () => other.terminate());
    }
  }

  #fromClient(text: string): string {
    const message = JSON.parse(text) as Message;
    const eventId = message['client-event-id'];
    if (message.op !== 'transact' || typeof eventId !== 'string') return text;
    const sentAs = this.isForgetful ? `${eventId}~${(this.#repeats += 1)}` : eventId;
    this.#titles.set(sentAs, titleOf(message['tx-steps']));
    return JSON.stringify({ ...message, 'client-event-id': sentAs });
  }

  /** One message, or several in one frame. */
  #fromServer(text: string): string | undefined {
    const frame = JSON.parse(text) as Message | Message[];
    const left = (Array.isArray(frame) ? frame : [frame]).flatMap((message) => this.#sent(message) ?? []);
    if (left.length === 0) return undefined;
    return JSON.stringify(Array.isArray(frame) ? left : left[0]);
  }

  #sent(message: Message): Message | undefined {
    const sentAs = message['client-event-id'];
    if (message.op === 'init-ok' && this.isForgetful) return { ...message, triplane: { deltas: true } };
    if (typeof sentAs !== 'string' || !this.#titles.has(sentAs)) return message;
    const title = this.#titles.get(sentAs);
    // A transaction without steps only asks where in the log another one is.
    if (message.op === 'transact-ok' && title) this.#commits.set(Number(message['tx-id']), title);
    if (this.swallowsAcks) return undefined;
    return { ...message, 'client-event-id': sentAs.replace(/~\d+$/, '') };
  }

  /** Requests, as they are. */
  #pass(asked: IncomingMessage, response: ServerResponse): void {
    if (this.isCut || (this.isForSocketsOnly && asked.url?.startsWith('/runtime/sse'))) return void response.destroy();
    const { url, method, headers } = asked;
    const far = request({ host: '127.0.0.1', port: this.#target, path: url, method, headers }, (sent) => {
      response.writeHead(sent.statusCode ?? 502, sent.headers);
      sent.pipe(response);
    });
    far.on('error', () => response.destroy());
    asked.pipe(far);
    response.on('close', () => far.destroy());
  }
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data).toString();
}

/** The one text of a write whose value is a title: tests begin them so. */
function titleOf(steps: unknown): string {
  const all = Array.isArray(steps) ? steps : [];
  return (all as unknown[][]).map((step) => step[3]).find((value) => typeof value === 'string' && value.startsWith('title ')) as string;
}
