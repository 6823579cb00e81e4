// A page that runs `@instantdb/core`. The package takes time, chance, the network and the events of its page from the platform: here these are
// parameters of its bundle, so that each tab has its own, and can be frozen or killed, and its clock can jump.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';

import type { WebSocketLike } from '../../../src/connection/web-socket.ts';
import type { ProcessClock } from '../../../src/testing/virtual/process-clock.ts';
import type { SeededRandom } from '../../../src/testing/virtual/seeded-random.ts';

export interface OfficialDb {
  transact(chunks: unknown): Promise<{ readonly status: string; readonly eventId: string }>;
  queryOnce(query: object): Promise<unknown>;
  subscribeQuery(
    query: object,
    listener: (result: { readonly data?: Readonly<Record<string, unknown>>; readonly error?: Error }) => void,
  ): void;
  subscribeConnectionStatus(listener: (status: string) => void): void;
  shutdown(): void;
  /** Inside it: the only way to ask which writes still wait. */
  readonly _reactor: { readonly kv: { readonly currentValue: { readonly pendingMutations?: ReadonlyMap<string, PendingMutation> } } };
}

export interface PendingMutation {
  readonly 'tx-steps': readonly (readonly unknown[])[];
  readonly 'tx-id'?: number;
}

interface Core {
  init(config: object, store: unknown, network: unknown): OfficialDb;
}

export interface PageOptions {
  readonly clock: ProcessClock;
  readonly random: SeededRandom;
  readonly socket: () => WebSocketLike;
  /** Is given what a browser would write to the console: nothing that a page's task throws ends the page. */
  readonly onUncaught: (error: Error) => void;
}

const globals = [
  ...['window', 'globalThis', 'self', 'document', 'navigator', 'addEventListener', 'setTimeout', 'clearTimeout', 'Date', 'Math', 'crypto'],
  ...['WebSocket', 'EventSource', 'BroadcastChannel', 'indexedDB', 'fetch', 'console', 'setInterval', 'requestIdleCallback'],
] as const;

const folder = dirname(createRequire(import.meta.url).resolve('@instantdb/core/package.json'));
const bundle = compileFunction(readFileSync(join(folder, 'dist/standalone/index.umd.cjs'), 'utf8'), ['exports', 'module', ...globals]);

export class Page {
  readonly core: Core;
  readonly #options: PageOptions;
  readonly #beforeUnload: (() => void)[] = [];

  constructor(options: PageOptions) {
    this.#options = options;
    const platform = this.#platform();
    const core = {};
    bundle(core, {}, ...globals.map((name) => platform[name]));
    this.core = core as Core;
  }

  /** It is closed in order: a browser tells it before. */
  unload(): void {
    for (const listener of this.#beforeUnload) this.run(listener);
  }

  run(task: () => unknown): void {
    try {
      task();
    } catch (error) {
      this.#options.onUncaught(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #platform(): Readonly<Partial<Record<(typeof globals)[number], unknown>>> {
    const { clock, random, socket } = this.#options;
    const global = {};
    return {
      ...{ window: global, globalThis: global, self: global },
      addEventListener: (event: string, listener: () => void) => void (event === 'beforeunload' && this.#beforeUnload.push(listener)),
      setTimeout: (task: () => void, ms = 0) => clock.setTimeout(() => this.run(task), ms),
      clearTimeout: (timer: number | null | undefined) => clock.clearTimeout(timer ?? undefined),
      Date: dateOf(clock),
      Math: Object.create(Math, { random: { value: () => random.next() } }) as unknown,
      crypto: {
        randomUUID: () => random.uuid(),
        getRandomValues: (bytes: Uint8Array) => bytes.map((_, at) => (bytes[at] = random.between(0, 255))),
      },
      WebSocket: socketOf(this, socket),
      console: Object.fromEntries(['log', 'info', 'warn', 'error', 'debug'].map((name) => [name, () => {}])),
    };
  }
}

function dateOf(clock: ProcessClock): DateConstructor {
  return class extends Date {
    constructor(...given: readonly (string | number)[]) {
      super(...((given.length > 0 ? given : [clock.now()]) as [number]));
    }
    static override now(): number {
      return clock.now();
    }
  } as DateConstructor;
}

/** What its listeners throw does not reach the network. */
function socketOf(page: Page, open: () => WebSocketLike): unknown {
  return class {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    readonly #socket = open();
    onopen: WebSocketLike['onopen'] = null;
    onmessage: WebSocketLike['onmessage'] = null;
    onclose: WebSocketLike['onclose'] = null;
    constructor() {
      this.#socket.onopen = (event) => page.run(() => this.onopen?.(event));
      this.#socket.onmessage = (event) => page.run(() => this.onmessage?.(event));
      this.#socket.onclose = (event) => page.run(() => this.onclose?.(event));
    }
    get readyState(): number {
      return this.#socket.readyState;
    }
    send(frame: string): void {
      this.#socket.send(frame);
    }
    close(): void {
      this.#socket.close();
    }
  };
}
