// The server under measurement, in a process of its own, and its clients.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

import { WebSocket } from 'ws';

import { attrs } from './app-data.ts';

export const out = new URL('../.out/', import.meta.url).pathname;
export const appId = 'a9900000-0000-4000-8000-0000000000aa';
export const adminToken = 'ad000000-0000-4000-8000-0000000000aa';

interface Usage {
  readonly rssMB: number;
  readonly heapMB: number;
  readonly cpuMs: number;
  /** CPU time of the longest turn of the event loop since 'begin'. */
  readonly longestTurnMs: number;
}

export class Server {
  readonly #child: ChildProcess;
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(...args: readonly string[]): Promise<Server> {
    const child = fork(join(out, 'server.mjs'), [...args], { execArgv: ['--expose-gc', ...(process.env.SERVER_FLAGS?.split(' ') ?? [])] });
    const { url } = await new Promise<{ url: string }>((resolve) => child.once('message', resolve as (value: unknown) => void));
    return new Server(child, url);
  }

  usage(wish: 'stats' | 'collect' | 'begin' = 'stats'): Promise<Usage> {
    this.#child.send(wish);
    return new Promise((resolve) => this.#child.once('message', resolve as (value: unknown) => void));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.send('end');
    await ended;
  }
}

type Message = Readonly<Record<string, unknown>> & { readonly op: string };

export class Client {
  readonly socket: WebSocket;
  onMessage: (message: Message) => void = () => {};
  readonly #requests = new Map<unknown, (message: Message) => void>();

  constructor(url: string) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/runtime/session?app_id=${appId}`, { perMessageDeflate: false });
    this.socket.on('message', (data) => {
      const parsed = JSON.parse((data as Buffer).toString('utf8')) as Message | readonly Message[];
      for (const message of Array.isArray(parsed) ? (parsed as readonly Message[]) : [parsed as Message]) {
        this.#requests.get(message['client-event-id'])?.(message);
        this.onMessage(message);
      }
    });
  }

  async ready(isGuest = false): Promise<this> {
    await new Promise((resolve, reject) => this.socket.once('open', resolve).once('error', reject));
    const token = isGuest ? {} : { '__admin-token': adminToken };
    await this.request({ op: 'init', 'app-id': appId, ...token, triplane: { deltas: true } }, 'init-ok');
    return this;
  }

  request(message: object, op: string): Promise<Message> {
    const eventId = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      this.#requests.set(eventId, (received) => {
        this.#requests.delete(eventId);
        if (received.op === op) resolve(received);
        else reject(new Error(JSON.stringify(received).slice(0, 300)));
      });
      this.socket.send(JSON.stringify({ 'client-event-id': eventId, ...message }));
    });
  }
}

export const addAttrs = { op: 'transact', 'tx-steps': attrs.map((attr) => ['add-attr', attr]) };
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
