// The embedded server on a storage that takes its time, and that outlives the process: the server can be stopped, or killed before or after a
// commit.

import { silent } from '../../lib/log.ts';
import { defaultLimits } from '../../server/limits.ts';
import { Hub } from '../../server/session/hub.ts';
import { memory } from '../../server/storage/memory.ts';
import type { AppLog, LogEntry, Storage } from '../../server/storage/storage.ts';
import type { Socket as ServerSocket } from '../../server/session/subscriber.ts';
import type { VirtualClock } from './clock.ts';
import { ProcessClock } from './process-clock.ts';
import type { SeededRandom } from './seeded-random.ts';

export const appId = 'a9900000-0000-4000-8000-000000000003';

export interface SimulatedUser {
  readonly id: string;
  readonly email: string;
  readonly refresh_token: string;
  readonly isGuest: false;
}

export class Server {
  /** All that was ever appended, in order. */
  readonly entries: LogEntry[] = [];
  readonly #disk = memory();
  readonly #world: VirtualClock;
  readonly #random: SeededRandom;
  readonly #users: readonly SimulatedUser[];
  readonly #sessions = new Set<{ end(): void; close(): void }>();
  #process: ProcessClock;
  #hub: Hub | undefined;
  /** The most that an append takes. */
  appendMs = 5;

  constructor(world: VirtualClock, random: SeededRandom, users: readonly SimulatedUser[]) {
    this.#world = world;
    this.#random = random;
    this.#users = users;
    this.#process = new ProcessClock(world);
    this.start();
  }

  get isUp(): boolean {
    return this.#hub !== undefined;
  }

  start(): void {
    if (this.#hub) return;
    this.#process = new ProcessClock(this.#world);
    this.#hub = new Hub({
      ...{ appId, adminToken: this.#random.uuid(), storage: this.#storage(this.#process), log: silent, limits: defaultLimits },
      ...{ clock: this.#process, random: this.#random.fork(`server ${this.#world.now()}`), createAppsOnUse: true },
      userOf: async (_app, token) => {
        const user = this.#users.find(({ refresh_token }) => refresh_token === token);
        return user && { ...user };
      },
    });
  }

  /** Goes down as it does on SIGTERM. */
  stop(): void {
    const hub = this.#hub;
    this.#hub = undefined;
    void hub?.close();
  }

  /** Goes down as it does on SIGKILL: what is being appended may be there afterwards or not. */
  kill(): void {
    this.#hub = undefined;
    this.#process.kill();
    for (const session of [...this.#sessions]) session.close();
  }

  jump(ms: number): void {
    this.#process.jump(ms);
  }

  connect(socket: ServerSocket): { receive(frame: string): void; end(): void } {
    const process = this.#process;
    const session = this.#hub?.connect({
      send: (frame) => process.deliver(() => socket.send(frame)),
      close: (code, reason) => process.deliver(() => socket.close(code, reason)),
    });
    const connection = {
      receive: (frame: string) => process.deliver(() => session?.receive(frame)),
      end: () => {
        this.#sessions.delete(connection);
        process.deliver(() => session?.end());
      },
      close: () => {
        this.#sessions.delete(connection);
        socket.close(1006, '');
      },
    };
    this.#sessions.add(connection);
    return connection;
  }

  /** The disk as one process sees it. */
  #storage(process: ProcessClock): Storage {
    const open = async (id: string): Promise<AppLog> => {
      const log = await this.#disk.open(id);
      return {
        ...log,
        append: async (entries) => {
          await this.#wait(this.#random.between(0, this.appendMs));
          // Killed before the commit, or, by chance, after it.
          if (process.isDead && this.#random.chance(0.5)) return new Promise(() => {});
          const appended = await log.append(entries);
          if (appended === 'appended') this.entries.push(...entries);
          await this.#wait(this.#random.between(0, this.appendMs));
          return process.isDead ? new Promise(() => {}) : appended;
        },
        subscribe: (listener) => log.subscribe((...news) => process.deliver(() => listener(...news))),
      };
    };
    return { open, apps: () => this.#disk.apps(), close: async () => {} };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.setTimeout(resolve, ms));
  }
}
