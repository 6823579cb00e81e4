// The sockets and event streams of one transcript, and what each has received.

import { WebSocket } from 'ws';

import type { AppUnderTest } from './app-under-test.ts';
import type { Placeholders } from './placeholders.ts';
import { turn, turnMs, waitFor } from './wait.ts';

const openMs = 4000;
const longestMs = 12_000;

export interface Session {
  send(data: string | Buffer): void;
  readonly received: unknown[];
  readonly isClosed: boolean;
}

interface OpenSession extends Session {
  received: unknown[];
  isClosed: boolean;
  /** The step closed it: the close is no news. */
  isEnding: boolean;
  close(isHard: boolean): void;
}

export class Sessions {
  readonly #app: AppUnderTest;
  readonly #names: Placeholders;
  readonly #open = new Map<string, OpenSession>();
  /** How many messages and closes there were so far. */
  #received = 0;

  constructor(app: AppUnderTest, names: Placeholders) {
    this.#app = app;
    this.#names = names;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The socket of that name, opened when it is first named. */
  async socket(name: string): Promise<Session> {
    const open = this.#open.get(name);
    if (open) return open;
    const socket = new WebSocket(`${this.#app.ws}?app_id=${this.#app.id}`);
    const receive = this.add(name, {
      send: (data) => socket.send(data),
      close: (isHard) => (isHard ? socket.terminate() : socket.close()),
    });
    socket.on('message', (data: Buffer) => receive.message(parseText(String(data))));
    socket.on('close', (code, reason) => receive.close({ closed: code, ...(reason.length > 0 && { reason: String(reason) }) }));
    socket.on('error', () => {});
    await waitFor(() => socket.readyState !== socket.CONNECTING, openMs);
    return receive.session;
  }

  add(name: string, { send, close }: Pick<OpenSession, 'send' | 'close'>) {
    const session: OpenSession = { send, close, received: [], isEnding: false, isClosed: false };
    this.#open.set(name, session);
    return {
      session,
      message: (message: unknown): void => {
        this.#received++;
        for (const one of [message].flat() as { attrs?: unknown }[]) {
          this.#names.learnAttrs(one?.attrs);
          session.received.push(one);
        }
      },
      close: (message: unknown): void => {
        this.#received++;
        session.isClosed = true;
        if (!session.isEnding) session.received.push(message);
      },
    };
  }

  end(name: string, isHard = false): void {
    const session = this.#open.get(name);
    if (!session) return;
    session.isEnding = true;
    session.close(isHard);
    this.#open.delete(name);
  }

  endAll(): void {
    for (const name of [...this.#open.keys()]) this.end(name);
  }

  /** Waits until nothing was received for that many ms, which may change while it waits. */
  async quiet(silenceMs: () => number): Promise<void> {
    let before = this.#received;
    for (let waited = 0, silence = 0; silence < silenceMs() && waited < longestMs; waited += turnMs) {
      await turn();
      silence = this.#received === before ? silence + turnMs : 0;
      before = this.#received;
    }
  }

  /** What was received since the last `take`. */
  peek(): Record<string, readonly unknown[]> {
    const all = [...this.#open].map(([name, { received }]) => [name, received] as const);
    return Object.fromEntries(all.filter(([, received]) => received.length > 0));
  }

  take(): Record<string, readonly unknown[]> {
    const all = this.peek();
    for (const session of this.#open.values()) session.received = [];
    return all;
  }
}

/** JSON as what it says, anything else as the text it is. */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
