// The embedded server on a storage that takes its time and outlives the process: the server can be stopped, or killed before or after a commit.

import { silent } from '../../lib/log.ts';
import type { WireUser } from '../../protocol/server-message.ts';
import { httpRoutes } from '../../server/http/routes.ts';
import { defaultLimits } from '../../server/limits.ts';
import type { App } from '../../server/session/app.ts';
import { Hub } from '../../server/session/hub.ts';
import type { Socket as ServerSocket } from '../../server/session/subscriber.ts';
import { memory } from '../../server/storage/memory.ts';
import type { AppLog, LogEntry, Storage } from '../../server/storage/storage.ts';
import type { VirtualClock } from './clock.ts';
import { ProcessClock } from './process-clock.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface VirtualServerOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly appId: string;
  /** Whom a refresh token belongs to that the server did not issue. */
  readonly userOf?: (token: string) => WireUser | undefined;
}

interface Process {
  readonly clock: ProcessClock;
  readonly hub: Hub;
  readonly routes: ReturnType<typeof httpRoutes>;
  /** Undefined until it is loaded. */
  app?: App;
  /** Ends the HTTP requests that have no response when the process is killed. */
  readonly killed: AbortController;
}

export class VirtualServer {
  readonly appId: string;
  readonly adminToken: string;
  /** All that was ever appended, in order. */
  readonly entries: LogEntry[] = [];
  /** Called for each transaction that is committed. */
  onCommit: (() => void) | undefined;
  /** The longest time that an append takes, in milliseconds. */
  appendMs = 5;
  /** How likely it is that the storage fails at an append: before it is durable, or after. */
  failures = 0;
  /** How many of these failures come after it is durable. */
  failuresAfterCommit = 0.5;
  /** The event ids of the writes that it failed at, one for each time. */
  readonly failedEvents: string[] = [];
  /** The process is killed when it appends the next time. */
  killsAtAppend = false;
  /** How often the process was killed while it appended: before it was durable, and after. */
  killedBeforeCommit = 0;
  killedAfterCommit = 0;
  #disk = memory();
  readonly #world: VirtualClock;
  readonly #random: SeededRandom;
  readonly #userOf: VirtualServerOptions['userOf'];
  readonly #sessions = new Set<{ end(): void; close(): void }>();
  #process: Process | undefined;
  /** Until a server that was stopped has written everything. */
  #closing: Promise<void> | undefined;
  /** Differences between the wall clock of the server and the world's, in milliseconds. */
  #offsetMs = 0;

  constructor({ clock, random, appId, userOf }: VirtualServerOptions) {
    this.#world = clock;
    this.#random = random;
    this.appId = appId;
    this.adminToken = random.uuid();
    this.#userOf = userOf;
    this.start();
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  /** Whether it was stopped, and has yet to write something. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Rejects while the server is down. */
  async app(): Promise<App> {
    if (!this.#process) throw new TypeError('The virtual server is down');
    return this.#process.hub.app(this.appId);
  }

  /** Undefined while the server is down or starts. */
  get appNow(): App | undefined {
    return this.#process?.app;
  }

  start(): void {
    if (this.#process) return;
    const clock = new ProcessClock(this.#world, this.#offsetMs);
    const random = this.#random.fork(`server ${this.#world.now()}`);
    const { appId, adminToken } = this;
    const hub = new Hub({
      ...{ appId, adminToken, storage: this.#storage(clock), log: silent, limits: defaultLimits, clock, random, createAppsOnUse: false },
      ...(this.#userOf && { userOf: async (_app: string, token: string) => this.#userOf?.(token) }),
    });
    const routes = httpRoutes({ hub, clock, log: silent, limits: defaultLimits, random });
    const process: Process = { clock, hub, routes, killed: new AbortController() };
    this.#process = process;
    void hub.app(appId).then((app) => (process.app = app));
  }

  /** Goes down as it does on SIGTERM. */
  stop(): void {
    const process = this.#process;
    this.#process = undefined;
    process?.killed.abort();
    const closing = process?.hub.close().finally(() => {
      if (this.#closing === closing) this.#closing = undefined;
    });
    this.#closing = closing;
  }

  /** Goes down as it does on SIGKILL: what is being appended may be there afterwards or not. */
  kill(): void {
    const process = this.#process;
    this.#process = undefined;
    this.killsAtAppend = false;
    process?.clock.kill();
    process?.killed.abort();
    for (const session of [...this.#sessions]) session.close();
  }

  /**
   * While the server is down, an older log takes the place of its log.
   *
   * @returns the entries that it does not have
   */
  async rollBack(count: number): Promise<readonly LogEntry[]> {
    const lost = this.entries.splice(Math.max(0, this.entries.length - count));
    this.#disk = memory();
    await (await this.#disk.open(this.appId)).append(this.entries);
    return lost;
  }

  /** Somebody sets the server's wall clock. */
  jump(ms: number): void {
    this.#offsetMs += ms;
    this.#process?.clock.jump(ms);
  }

  connect(socket: ServerSocket): { receive(frame: string): void; end(): void } {
    const process = this.#process;
    const deliver = (task: () => void): void => process?.clock.deliver(task);
    const session = process?.hub.connect({
      send: (frame) => deliver(() => socket.send(frame)),
      close: (code, reason) => deliver(() => socket.close(code, reason)),
    });
    const connection = {
      receive: (frame: string) => deliver(() => session?.receive(frame)),
      end: () => {
        this.#sessions.delete(connection);
        deliver(() => session?.end());
      },
      close: () => {
        this.#sessions.delete(connection);
        socket.close(1006, '');
      },
    };
    this.#sessions.add(connection);
    return connection;
  }

  /** `fetch` to this server. Rejects while it is down, and if it goes down before it responds. */
  readonly fetch: typeof fetch = async (input, init) => {
    const process = this.#process;
    if (!process) throw new TypeError('The virtual server is down');
    const { signal } = process.killed;
    return new Promise((resolve, reject) => {
      const wentDown = (): void => reject(new TypeError('The virtual server went down before it responded'));
      signal.addEventListener('abort', wentDown, { once: true });
      const responds = Promise.resolve(process.routes.fetch(new Request(input, init)));
      responds.finally(() => signal.removeEventListener('abort', wentDown)).then(resolve, reject);
    });
  };

  /** The disk as one process sees it. */
  #storage(process: ProcessClock): Storage {
    const disk = this.#disk;
    const open = async (id: string): Promise<AppLog> => {
      // A server that stops keeps its files to itself until they are written.
      if (this.#closing) await this.#closing;
      const log = await disk.open(id);
      return {
        ...log,
        append: async (entries) => {
          await this.#wait(this.#random.between(0, this.appendMs));
          if (this.killsAtAppend && !process.isDead) this.kill();
          // Killed before the commit, or, by chance, after it.
          if (process.isDead && this.#random.chance(0.5)) {
            this.killedBeforeCommit += 1;
            return new Promise(() => {});
          }
          const isFailing = this.#random.chance(this.failures);
          if (isFailing) this.failedEvents.push(...entries.flatMap(({ event }) => event?.id ?? []));
          if (isFailing && !this.#random.chance(this.failuresAfterCommit)) throw new Error('The storage failed');
          const appended = await log.append(entries);
          // What a killed process still appends to a log that an older one has replaced is nowhere.
          if (appended === 'appended' && id === this.appId && disk === this.#disk) {
            this.entries.push(...entries);
            this.onCommit?.();
          }
          await this.#wait(this.#random.between(0, this.appendMs));
          if (isFailing) throw new Error('The storage failed');
          if (!process.isDead) return appended;
          this.killedAfterCommit += 1;
          return new Promise(() => {});
        },
        subscribe: (listener) => log.subscribe((...news) => process.deliver(() => listener(...news))),
      };
    };
    return { open, apps: () => disk.apps(), close: async () => {} };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.setTimeout(resolve, ms));
  }
}
