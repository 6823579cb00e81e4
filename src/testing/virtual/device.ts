// A device: a disk, access to the network, and the tabs of one browser, each with a client of its own.

import { resolveConfig } from '../../client/config.ts';
import { createReactor } from '../../client/create-client.ts';
import { InstantCoreDatabase } from '../../client/database.ts';
import { silent } from '../../lib/log.ts';
import type { Reactor } from '../../reactor/reactor.ts';
import type { AnySchemaDef } from '../../schema/schema.ts';
import { BrowserTab } from './browser-tab.ts';
import type { VirtualClock } from './clock.ts';
import { VirtualConnectivity } from './connectivity.ts';
import { VirtualDisk } from './disk.ts';
import type { Link, VirtualNetwork } from './network.ts';
import { ProcessClock } from './process-clock.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface DeviceOptions<Schema extends AnySchemaDef> {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly schema?: Schema | undefined;
}

export interface VirtualTab<Schema extends AnySchemaDef> {
  readonly name: string;
  readonly device: VirtualDevice<Schema>;
  readonly clock: ProcessClock;
  readonly db: InstantCoreDatabase<Schema>;
  readonly reactor: Reactor;
  /** What the client reported that belongs to no promise. */
  readonly errors: Error[];
}

export class VirtualDevice<Schema extends AnySchemaDef> {
  readonly name: string;
  readonly link: Link = { isUp: true, delayMs: 40 };
  /** Those that are open. */
  readonly tabs: VirtualTab<Schema>[] = [];
  readonly disk: VirtualDisk;
  readonly #options: DeviceOptions<Schema>;
  readonly #connectivity = new VirtualConnectivity();
  readonly #browserTabs: BrowserTab[] = [];
  #opened = 0;

  constructor(options: DeviceOptions<Schema>) {
    const { name, clock, random } = options;
    this.name = name;
    this.#options = options;
    this.disk = new VirtualDisk(name, clock, random);
  }

  open(): VirtualTab<Schema> {
    const { clock: world, network, random, schema } = this.#options;
    const name = `${this.name}.${++this.#opened}`;
    const clock = new ProcessClock(world);
    const errors: Error[] = [];
    const config = resolveConfig({
      ...{
        appId: network.server.appId,
        apiURI: 'http://virtual',
        clock,
        random: random.fork(name),
        log: silent,
        ...(schema && { schema }),
      },
      ...{ network: this.#connectivity, storage: this.disk.openFor(clock), webSocket: () => network.open(this.link, clock) },
      onError: (error) => errors.push(error),
    });
    const reactor = createReactor(config, undefined, undefined, new BrowserTab(this.#browserTabs, clock, world));
    // Not for the reactor, which would take it for a second way to connect.
    const calls = { ...config, fetch: network.fetchFrom(this.link, clock) };
    const tab = { name, device: this, clock, db: new InstantCoreDatabase<Schema>(reactor, calls), reactor, errors };
    this.tabs.push(tab);
    return tab;
  }

  /** The page is closed in order. */
  async close(tab: VirtualTab<Schema>): Promise<void> {
    this.#remove(tab);
    await tab.reactor.close();
  }

  /** The process ends: nothing in it runs on, and what was not written is lost. */
  kill(tab: VirtualTab<Schema>): void {
    tab.clock.kill();
    this.#remove(tab);
    this.#browserTabs.find((each) => each.clock === tab.clock)?.close();
  }

  goOffline(): void {
    this.link.isUp = false;
    this.#options.network.cut(this.link);
    this.#connectivity.goOffline();
  }

  goOnline(): void {
    this.link.isUp = true;
    this.#connectivity.goOnline();
  }

  #remove(tab: VirtualTab<Schema>): void {
    const at = this.tabs.indexOf(tab);
    if (at >= 0) this.tabs.splice(at, 1);
  }
}
