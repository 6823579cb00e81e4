// What one run consists of: the devices and tabs, the writes that are made, and the checks of what must be true.

import { equal } from '../lib/equal.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import { isThenable } from './option-checks.ts';
import type { SimulationOptions } from './simulation.ts';
import type { TestApp, TestUser } from './test-app.ts';
import type { TestDevice, TestTab } from './test-device.ts';
import { TrackedWrites } from './tracked-writes.ts';

/** A tab with the queries that actions read in it. */
export interface OpenTab<Schema extends AnySchemaDef> {
  readonly tab: TestTab<Schema>;
  readonly device: TestDevice<Schema>;
  /** Query as JSON → what is shown. */
  readonly shown: Map<string, unknown>;
}

/** The state of one run: devices, tabs, writes, and what was violated. */
export class SimulationState<Schema extends AnySchemaDef> {
  readonly #app: TestApp<Schema>;
  readonly #options: SimulationOptions<Schema>;
  readonly #users: readonly TestUser[];
  readonly devices: TestDevice<Schema>[] = [];
  readonly tabs: OpenTab<Schema>[] = [];
  readonly writes = new TrackedWrites();
  readonly violations = new Set<string>();

  constructor(app: TestApp<Schema>, options: SimulationOptions<Schema>, users: readonly TestUser[]) {
    this.#app = app;
    this.#options = options;
    this.#users = users;
    app.onCommit(() => this.#checkInvariants());
  }

  async begin(): Promise<void> {
    for (let at = 0; at < (this.#options.devices ?? 3); at += 1) {
      const user = this.#users[at % this.#users.length];
      const device = await this.#app.createDevice(user && { user });
      this.devices.push(device);
      await this.open(device);
    }
    await this.#app.advance(1_000);
  }

  /** Everything works again. */
  async heal(): Promise<void> {
    this.#app.server.start();
    for (const { tab } of this.tabs) tab.thaw();
    for (const device of this.devices) {
      device.setDisk('well');
      device.setDelay(10);
      device.goOnline();
      if (!this.tabs.some((open) => open.device === device)) await this.open(device);
    }
    await this.#app.advance(90_000);
    await this.#app.settle().catch((error: Error) => this.violations.add(error.message));
  }

  async check(): Promise<void> {
    this.#checkInvariants();
    const outboxes = this.tabs.flatMap(({ tab }) => tab.db.outbox.list());
    const rejected = new Set(outboxes.filter(({ state }) => state === 'rejected' || state === 'blocked').map(({ eventId }) => eventId));
    for (const violation of this.writes.violations(this.#app.log, rejected)) this.violations.add(violation);
    const compared = [...this.tabs];
    for (const user of this.#users) {
      const tabs = compared.filter((open) => open.device.user === user && open.shown.size > 0);
      if (tabs.length > 0) await this.#compare(tabs, await this.open(await this.#app.createDevice({ user })));
    }
  }

  /** What a tab shows is what a new client of the same user shows. */
  async #compare(tabs: readonly OpenTab<Schema>[], fresh: OpenTab<Schema>): Promise<void> {
    const keys = new Set(tabs.flatMap(({ shown }) => [...shown.keys()]));
    for (const key of keys) this.read(fresh, JSON.parse(key) as object);
    await this.#app.advance(5_000);
    for (const { tab, shown } of tabs) {
      for (const [key, data] of shown) {
        if (!equal(data, fresh.shown.get(key))) this.violations.add(`${tab.name} shows another result of ${key} than a new client`);
      }
    }
  }

  #checkInvariants(): void {
    if (!this.#app.readNow({} as never)) return;
    for (const [name, invariant] of Object.entries(this.#options.invariants ?? {})) {
      try {
        const holds = invariant({ read: (query) => this.#app.readNow(query as never) as never });
        if (isThenable(holds)) this.#refusePromise(name, holds);
        else if (holds === false) this.violations.add(`invariant '${name}' is violated`);
      } catch (error) {
        this.violations.add(`invariant '${name}' is violated: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  /** What it waits for could change meanwhile: an invariant is true of one moment. */
  #refusePromise(name: string, promise: PromiseLike<unknown>): void {
    promise.then(undefined, () => {});
    this.violations.add(`invariant '${name}' returned a promise: it must return its result, and \`read\` needs no await`);
  }

  async open(device: TestDevice<Schema>): Promise<OpenTab<Schema>> {
    const tab = await device.openTab();
    const open = { tab, device, shown: new Map<string, unknown>() };
    const { db } = tab;
    const transact = db.transact.bind(db);
    Object.defineProperty(db, 'transact', {
      value: (...given: Parameters<typeof transact>) => {
        const promise = transact(...given);
        this.writes.add(tab.name, promise);
        return promise;
      },
    });
    this.tabs.push(open);
    return open;
  }

  read({ tab, shown }: OpenTab<Schema>, query: object): unknown {
    const key = JSON.stringify(query);
    if (!shown.has(key)) {
      tab.db.subscribeQuery(query as never, ({ data }) => void shown.set(key, data));
      // An invalid query has thrown: nothing is shown for it.
      if (!shown.has(key)) shown.set(key, undefined);
    }
    return shown.get(key);
  }

  remove(open: OpenTab<Schema>): void {
    this.tabs.splice(this.tabs.indexOf(open), 1);
    this.writes.end(open.tab.name);
  }
}
