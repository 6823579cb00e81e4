// An app for a program's tests: server, devices and network in this process, in virtual time.

import { init as initAdmin, type InstantAdminDatabase } from '../admin/database.ts';
import { TriplaneError } from '../errors.ts';
import { loadHttp, loadStreams, loadTables } from '../client/lazy-features.ts';
import { loadRecovery } from '../reactor/lazy-recovery.ts';
import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';
import { validateQuery } from '../query/validate.ts';
import { bootstrap } from '../server/bootstrap.ts';
import type { InstantRules } from '../types/rules.ts';
import { loadCel } from '../server/rules/cel.ts';
import type { LogEntry } from '../server/storage/storage.ts';
import type { InstaQLResponse } from '../types/result.ts';
import type { ValidQuery } from '../types/valid-query.ts';
import { readNow } from './virtual/read.ts';
import { Callbacks } from './callbacks.ts';
import { checkApp, checkDevice, checkEmail, checkFunction, checkMs, checkPromise } from './option-checks.ts';
import { TestDevice } from './test-device.ts';
import { VirtualClock } from './virtual/clock.ts';
import { VirtualNetwork } from './virtual/network.ts';
import type { Clock } from '../lib/clock.ts';
import { SeededRandom } from './virtual/seeded-random.ts';
import { VirtualServer } from './virtual/server.ts';

export interface TestAppOptions<Schema extends AnySchemaDef> {
  /** What `i.schema` returns. */
  readonly schema?: Schema;
  /** As for `createServer`. */
  readonly rules?: InstantRules<Schema>;
  /** The same seed gives the same delays, ids and results. Default: 1. */
  readonly seed?: number;
}

/** A user of the app with a refresh token. */
export interface TestUser {
  readonly id: string;
  readonly email: string;
  readonly refreshToken: string;
}

/** The server, as a test may treat it. */
export interface TestServer {
  readonly isUp: boolean;
  /** Shuts the server down as SIGTERM does: accepted writes are completed. */
  stop(): void;
  /** Ends the server as SIGKILL does: a write that is being stored may be stored or not. */
  kill(): void;
  /** Starts the server again on the data that it had stored. */
  start(): void;
  /** Sets the server's wall clock, in milliseconds relative to what it shows. */
  jumpClock(ms: number): void;
}

/** Modules that are loaded when they are first needed. Loading takes real time, in which virtual time must not pass. */
const loadModules = (hasRules: boolean): Promise<unknown> =>
  Promise.all([loadRecovery(), loadStreams(), loadTables(), loadHttp(), hasRules && loadCel()]);

/** How long `run` waits, in milliseconds of virtual time. */
const patienceMs = 600_000;

export class TestApp<Schema extends AnySchemaDef = InstantUnknownSchema> {
  readonly appId: string;
  readonly server: TestServer;
  /** The admin SDK, connected to the server: its calls bypass the rules. Await them with `run`. */
  readonly admin: InstantAdminDatabase<Schema, false>;
  /** The source of randomness for the test itself. */
  readonly random: SeededRandom;
  /** The devices that were created, in order. */
  readonly devices: readonly TestDevice<Schema>[];
  readonly #devices: TestDevice<Schema>[] = [];
  readonly #clock: VirtualClock;
  readonly #seeds: SeededRandom;
  readonly #network: VirtualNetwork;
  readonly #server: VirtualServer;
  readonly #options: TestAppOptions<Schema>;
  readonly #committed = new Callbacks();
  /** For users: the schema of the app need not declare them. */
  readonly #accounts: InstantAdminDatabase<InstantUnknownSchema, false>;

  /** Use `createTestApp`. */
  constructor(options: TestAppOptions<Schema>) {
    checkApp(options);
    const clock = new VirtualClock();
    const seeds = new SeededRandom(options.seed ?? 1);
    const server = new VirtualServer({ clock, random: seeds.fork('server'), appId: seeds.uuid() });
    this.#options = options;
    this.#clock = clock;
    this.#seeds = seeds;
    this.#server = server;
    server.onCommit = () => this.#committed.run();
    this.#network = new VirtualNetwork(clock, seeds.fork('network'), server);
    this.appId = server.appId;
    this.random = seeds.fork('test');
    this.devices = this.#devices;
    this.server = {
      get isUp() {
        return server.isUp;
      },
      stop: () => server.stop(),
      kill: () => server.kill(),
      start: () => server.start(),
      jumpClock: (ms) => {
        checkMs('jumpClock: ms', ms, -Infinity);
        server.jump(ms);
      },
    };
    const { schema } = options;
    const access = {
      ...{ appId: this.appId, adminToken: server.adminToken, apiURI: 'http://virtual', fetch: server.fetch },
      ...{ clock, random: seeds.fork('admin') },
    };
    this.#accounts = initAdmin<InstantUnknownSchema, false>(access);
    this.admin = initAdmin<Schema, false>({ ...access, ...(schema && { schema }) });
  }

  /** Virtual time, for code under test that takes a clock or timers. */
  get clock(): Clock {
    return this.#clock;
  }

  /** Virtual time since the start, in milliseconds. */
  get elapsedMs(): number {
    return this.#clock.monotonicNow();
  }

  /** Puts schema and rules into force. `createTestApp` calls it. */
  async open(): Promise<void> {
    const { schema, rules } = this.#options;
    await loadModules(rules !== undefined);
    const app = await this.run(this.#server.app());
    await this.run(bootstrap(app, { schema, rules }, () => this.#seeds.uuid()));
  }

  /**
   * Creates a user.
   *
   * @throws TriplaneError 'config-invalid' if it is no e-mail address
   * @throws InstantAPIError if there is such a user
   * @example
   * const ann = await app.createUser('ann@example.com');
   */
  async createUser(address: string): Promise<TestUser> {
    const email = checkEmail('createUser: email', address);
    const id = this.#seeds.uuid();
    const user = this.#accounts.tx['$users']?.[id]?.update({ email });
    await this.run(this.#accounts.transact(user ?? []));
    return { id, email, refreshToken: await this.run(this.#accounts.auth.createToken({ id })) };
  }

  /**
   * Adds a device: a disk, network access, and a browser whose tabs share both.
   *
   * @param user whoever is signed in on the device; a guest without account if omitted
   * @example
   * const phone = await app.createDevice({ user: ann });
   * const tab = await phone.openTab();
   * await app.run(tab.db.transact(tab.db.tx.todos[id()].create({ text: 'Buy goggles' })));
   */
  async createDevice(options: { readonly user?: TestUser } = {}): Promise<TestDevice<Schema>> {
    checkDevice(options);
    const { user } = options;
    const name = `device ${this.#devices.length + 1}`;
    const { schema } = this.#options;
    const device = new TestDevice<Schema>(
      { name, clock: this.#clock, random: this.#seeds.fork(name), network: this.#network, schema },
      (promise) => this.run(promise),
    );
    this.#devices.push(device);
    if (user) await device.signIn(user);
    return device;
  }

  /**
   * Lets virtual time pass until the promise settles, and returns its result. Everything that waits for server, network or disk has to be
   * awaited with it, as time stands still otherwise.
   *
   * @throws TriplaneError 'timeout' if it does not settle within ten minutes of virtual time; otherwise what the promise rejects with
   * @example
   * const { data } = await app.run(tab.db.queryOnce({ todos: {} }));
   */
  async run<T>(promise: PromiseLike<T>): Promise<T> {
    checkPromise('run: promise', promise);
    let settle: (() => T) | undefined;
    promise.then(
      (value) => (settle = () => value),
      (error: unknown) => {
        settle = () => {
          throw error;
        };
      },
    );
    const end = this.#clock.monotonicNow() + patienceMs;
    await this.#clock.advance(0);
    while (!settle) {
      const isOver = this.#clock.monotonicNow() > end || !(await this.#clock.runNext());
      if (isOver && !settle) throw new TriplaneError('timeout', 'The promise did not settle within 10 minutes of virtual time');
    }
    this.#committed.throwFailure();
    return settle();
  }

  /**
   * Lets virtual time pass.
   *
   * @param ms milliseconds, 0 or more
   * @throws TriplaneError 'config-invalid' if it is no such number
   */
  async advance(ms: number): Promise<void> {
    checkMs('advance: ms', ms);
    await this.#clock.advance(ms);
    this.#committed.throwFailure();
  }

  /**
   * Lets virtual time pass until no tab that can reach the server has unsent writes, and what they wrote has arrived everywhere.
   *
   * @throws TriplaneError 'timeout' if writes still wait after ten minutes of virtual time
   */
  async settle(): Promise<void> {
    const end = this.#clock.monotonicNow() + patienceMs;
    do {
      await this.#clock.advance(2_000);
      if (this.#clock.monotonicNow() > end) throw new TriplaneError('timeout', 'Writes still wait after 10 minutes of virtual time');
    } while (this.#server.isUp && this.#devices.some((device) => device.isSending));
    await this.advance(2_000);
  }

  /** All transactions that the server has committed, in order. */
  get log(): readonly LogEntry[] {
    return this.#server.entries;
  }

  /**
   * Calls back after every transaction that the server commits. What a callback throws is thrown by the `run`, `advance` or `settle` that is
   * running.
   *
   * @returns a function that ends it
   */
  onCommit(callback: () => void): () => void {
    checkFunction('onCommit: callback', callback);
    return this.#committed.add(callback);
  }

  /**
   * What the server holds at this moment, past the rules and without waiting; undefined while the server is down.
   *
   * @throws QueryValidationError if the schema does not have what is read
   */
  readNow<Q extends ValidQuery<Q, Schema>>(query: Q): InstaQLResponse<Schema, Q> | undefined {
    const { schema } = this.#options;
    if (schema) validateQuery(query, schema);
    const app = this.#server.appNow;
    return app && (readNow(app, query, schema !== undefined) as InstaQLResponse<Schema, Q>);
  }

  /** Closes all tabs and the server. */
  async close(): Promise<void> {
    for (const device of this.#devices) for (const tab of [...device.tabs]) tab.kill();
    await Promise.all([this.admin.close(), this.#accounts.close()]);
    this.#server.kill();
  }
}

/**
 * Creates an app for tests: the server with schema and rules, in this process, without sockets and without waiting. Time is virtual and passes
 * only in `run`, `advance` and `settle`, so that an hour offline takes milliseconds, and the same seed gives the same result.
 *
 * @throws TriplaneError 'config-invalid' if the schema or the rules are invalid
 * @example
 * const app = await createTestApp({ schema, rules });
 * const phone = await app.createDevice({ user: await app.createUser('ann@example.com') });
 * const tab = await phone.openTab();
 * phone.goOffline();
 * const write = tab.db.transact(tab.db.tx.todos[id()].create({ text: 'Buy goggles' }));
 * await app.run(write.queued);
 * tab.kill();
 * phone.goOnline();
 * await phone.openTab();
 * await app.settle();
 * expect((await app.run(app.admin.query({ todos: {} }))).todos).toHaveLength(1);
 * await app.close();
 */
export async function createTestApp<Schema extends AnySchemaDef = InstantUnknownSchema>(
  options: TestAppOptions<Schema> = {},
): Promise<TestApp<Schema>> {
  const app = new TestApp<Schema>(options);
  await app.open();
  return app;
}
