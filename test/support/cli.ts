// The command as a process of its own, for tests that end it in every way there is; and a client that is no more than a socket.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

const cli = fileURLToPath(new URL('../../src/server/cli/cli.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
  /** From the start of the process to its first line. */
  readonly startMs: number;
  sent(): string;
  /** @returns its exit code */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** `triplane dev --port 0 --json`, and what is given. */
export async function startCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const before = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', cli, 'dev', '--port', '0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
    env: { ...process.env, DATABASE_URL: undefined, ...env },
  });
  let [out, err] = ['', ''];
  child.stderr.on('data', (data) => (err += String(data)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const first = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      out += String(data);
      if (out.includes('\n')) resolve(out.slice(0, out.indexOf('\n')));
    });
    void ended.then(() => reject(new Error(`the server ended: ${err}`)));
  });
  const { url, appId, adminToken } = JSON.parse(first) as Record<'url' | 'appId' | 'adminToken', string>;
  return {
    ...{ child, url, appId, adminToken, startMs: performance.now() - before },
    sent: () => err,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

export interface Message {
  readonly op: string;
  readonly [field: string]: unknown;
}

export class RawClient {
  readonly #socket: WebSocket;
  readonly closed: Promise<void>;
  #received: ((message: Message) => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as Message | readonly Message[];
      for (const each of Array.isArray(message) ? (message as Message[]) : [message as Message]) for (const on of this.#received) on(each);
    });
  }

  /** A session that is ready. */
  static async open(server: Pick<Running, 'url' | 'appId' | 'adminToken'>, version = 'v1.0.67'): Promise<RawClient> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/runtime/session?app_id=${server.appId}`);
    socket.on('error', () => {});
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    await client.request({
      op: 'init',
      'app-id': server.appId,
      '__admin-token': server.adminToken,
      versions: { '@instantdb/core': version },
      'client-event-id': 'init',
    });
    return client;
  }

  receive(on: (message: Message) => void): void {
    this.#received.push(on);
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Says it, and gives back what answers it; rejects if the line ends before. */
  request(message: Message): Promise<Message> {
    return new Promise((resolve, reject) => {
      const on = (received: Message): void => {
        if (received['client-event-id'] !== message['client-event-id']) return;
        this.#received = this.#received.filter((each) => each !== on);
        resolve(received);
      };
      this.#received.push(on);
      void this.closed.then(() => reject(new Error('the line ended')));
      this.send(message);
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}
