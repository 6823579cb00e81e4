// A device whose tabs run the official client, in the form that schedules know.

import { ProcessClock } from '../../../src/testing/virtual/process-clock.ts';
import { VirtualDisk } from '../../../src/testing/virtual/disk.ts';
import type { DeviceOptions } from '../../../src/testing/virtual/device.ts';
import type { AnySchemaDef } from '../../../src/schema/schema.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import type { Device, OpenDevice, SimulatedReactor, Tab, Write } from '../client.ts';
import { type OfficialDb, Page, type PendingMutation } from './page.ts';
import { type Stores, storesOn } from './store.ts';

export const officialDevice: OpenDevice = (options) => new OfficialDevice(options);

class OfficialTab implements Tab {
  readonly name: string;
  readonly device: Device;
  readonly clock: ProcessClock;
  readonly errors: Error[] = [];
  readonly reactor: SimulatedReactor;
  readonly #page: Page;
  readonly #stores: Stores;
  readonly #db: OfficialDb;
  readonly #stored = new Map<string, () => void>();
  /** Told when the page is closed, each by a write without an answer. */
  readonly #onClosed = new Set<(error: Error) => void>();
  #status = 'connecting';

  constructor(name: string, device: Device, clock: ProcessClock, { network, random }: DeviceOptions<AnySchemaDef>, online: object) {
    this.name = name;
    this.device = device;
    this.clock = clock;
    const onUncaught = (error: Error): void => void this.errors.push(error);
    this.#page = new Page({ clock, random: random.fork(name), socket: () => network.open(device.link, clock), onUncaught });
    this.#stores = storesOn(device.disk, clock, (eventIds) => eventIds.forEach((eventId) => this.#stored.get(eventId)?.()));
    const { appId } = network.server;
    const config = { appId, apiURI: 'http://virtual', websocketURI: 'ws://virtual', devtool: false };
    this.#db = this.#page.core.init(config, this.#stores.Store, online);
    this.#db.subscribeConnectionStatus((status) => (this.#status = status));
    this.reactor = this.#reactor();
  }

  async close(): Promise<void> {
    this.#page.unload();
    this.#page.run(() => this.#db.shutdown());
    await this.#stores.close();
    this.clock.kill();
    for (const tell of this.#onClosed) tell(new Error('The page is closed'));
  }

  #reactor(): SimulatedReactor {
    const db = this.#db;
    const list = () =>
      [...this.#pending()]
        .filter(([, write]) => write['tx-id'] === undefined)
        .map(([eventId, write]) => ({ eventId, state: 'pending', steps: write['tx-steps'] as readonly Step[] }));
    const status = (): string => this.#status;
    return {
      get status() {
        return status();
      },
      isLeader: false,
      account: { isLoaded: true, isReading: false, user: null, setUser: () => Promise.resolve() },
      state: { session: { isWritable: true, owner: '' }, outbox: { list }, queries: { list: () => [] } },
      writes: { transact: (chunks) => this.#transact(chunks) },
      outbox: { list, discard: () => [] },
      queries: {
        once: (query) => db.queryOnce(query),
        subscribe: (query, { onResult, onError }) =>
          db.subscribeQuery(query, ({ data, error }) => {
            if (data) onResult({ data });
            if (error) onError(error);
          }),
      },
      events: { on: () => {} },
    };
  }

  #transact(chunks: unknown): Write {
    const before = new Set(this.#pending().keys());
    const result = this.#db.transact(chunks);
    const eventId = [...this.#pending().keys()].find((each) => !before.has(each));
    const queued = new Promise<{ clientId: string }>((resolve) => {
      if (eventId !== undefined) this.#stored.set(eventId, () => resolve({ clientId: eventId }));
    });
    const closed = new Promise<never>((_, reject) => this.#onClosed.add(reject));
    const told = result.then(
      ({ status }) => {
        // The app knows from here on that it has it, whatever the disk has.
        if (status === 'synced' && eventId !== undefined) this.#stored.get(eventId)?.();
        if (status !== 'synced') throw new Error('It was not connected, and tells its caller no more');
      },
      ({ message }: Error) => {
        throw Object.assign(new Error(message), { name: 'InstantAPIError' });
      },
    );
    return Object.assign(result, { queued, settled: Promise.race([told, closed]) });
  }

  #pending(): ReadonlyMap<string, PendingMutation> {
    return this.#db._reactor.kv.currentValue.pendingMutations ?? new Map();
  }
}

class OfficialDevice implements Device {
  readonly name: string;
  readonly link = { isUp: true, delayMs: 40 };
  readonly disk: VirtualDisk;
  readonly tabs: OfficialTab[] = [];
  readonly #options: DeviceOptions<AnySchemaDef>;
  /** Of its tabs, each told when the network is there or is not. */
  readonly #onOnline = new Map<ProcessClock, (isOnline: boolean) => void>();
  #opened = 0;

  constructor(options: DeviceOptions<AnySchemaDef>) {
    this.#options = options;
    this.name = options.name;
    this.disk = new VirtualDisk(options.name, options.clock, options.random);
  }

  open(): OfficialTab {
    const clock = new ProcessClock(this.#options.clock);
    const online = {
      getIsOnline: () => Promise.resolve(this.link.isUp),
      listen: (on: (isOnline: boolean) => void) => void this.#onOnline.set(clock, on),
    };
    const tab = new OfficialTab(`${this.name}.${++this.#opened}`, this, clock, this.#options, online);
    this.tabs.push(tab);
    return tab;
  }

  async close(tab: OfficialTab): Promise<void> {
    this.#remove(tab);
    await tab.close();
  }

  kill(tab: OfficialTab): void {
    tab.clock.kill();
    this.#remove(tab);
  }

  goOffline(): void {
    this.link.isUp = false;
    this.#options.network.cut(this.link);
    this.#tell(false);
  }

  goOnline(): void {
    this.link.isUp = true;
    this.#tell(true);
  }

  #tell(isOnline: boolean): void {
    for (const [clock, on] of this.#onOnline) clock.deliver(() => on(isOnline));
  }

  #remove(tab: OfficialTab): void {
    const at = this.tabs.indexOf(tab);
    if (at >= 0) this.tabs.splice(at, 1);
    this.#onOnline.delete(tab.clock);
  }
}
