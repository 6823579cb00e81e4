// A device: a disk that outlives its tabs and may fail, hang or fill up, and the tabs of one browser on it, one of which leads.

import { webSocketTransport } from '../../connection/web-socket.ts';
import { silent } from '../../lib/log.ts';
import { Reactor } from '../../reactor/reactor.ts';
import type { TabEvents, Tabs } from '../../reactor/tabs/tab-channel.ts';
import type { KeyValue, KeyValueOp } from '../../storage/key-value.ts';
import type { VirtualClock } from './clock.ts';
import { VirtualConnectivity } from './connectivity.ts';
import type { Link, Network } from './network.ts';
import { ProcessClock } from './process-clock.ts';
import type { SeededRandom } from './seeded-random.ts';
import { appId } from './server.ts';

export interface Tab {
  readonly name: string;
  readonly device: Device;
  readonly reactor: Reactor;
  readonly clock: ProcessClock;
  readonly errors: Error[];
}

export type DiskMood = 'well' | 'full' | 'hangs';

export class Device {
  readonly name: string;
  readonly link: Link = { isUp: true, delayMs: 40 };
  readonly tabs: Tab[] = [];
  readonly disk = new Map<string, unknown>();
  mood: DiskMood = 'well';
  readonly #world: VirtualClock;
  readonly #random: SeededRandom;
  readonly #network: Network;
  readonly #connectivity = new VirtualConnectivity();
  readonly #browserTabs: BrowserTab[] = [];
  #opened = 0;

  constructor(name: string, world: VirtualClock, random: SeededRandom, network: Network) {
    this.name = name;
    this.#world = world;
    this.#random = random;
    this.#network = network;
  }

  open(): Tab {
    const name = `${this.name}.${++this.#opened}`;
    const clock = new ProcessClock(this.#world);
    const errors: Error[] = [];
    const reactor = new Reactor(
      {
        ...{ appId, useDates: false, validate: true, clock, random: this.#random.fork(name), network: this.#connectivity, log: silent },
        ...{ store: this.#store(clock), receipts: false, outboxLimit: 10_000, queryCacheLimit: 10, local: false, roomsByType: false },
        ...{ queryTimeoutMs: 30_000, serverName: 'the simulated server', onError: (error) => errors.push(error) },
      },
      {
        transports: [webSocketTransport({ url: 'ws://simulated', create: () => this.#network.open(this.link, clock) })],
        tabs: this.#browserTab(clock),
      },
    );
    const tab: Tab = { name, device: this, reactor, clock, errors };
    this.tabs.push(tab);
    return tab;
  }

  /** The page is closed in order. */
  async close(tab: Tab): Promise<void> {
    this.#gone(tab);
    await tab.reactor.close();
  }

  /** The process ends: nothing in it runs on, and what was not written is lost. */
  kill(tab: Tab): void {
    tab.clock.kill();
    this.#gone(tab);
    this.#browserTabs.find((each) => each.clock === tab.clock)?.close();
  }

  goOffline(): void {
    this.link.isUp = false;
    this.#network.cut(this.link);
    this.#connectivity.goOffline();
  }

  goOnline(): void {
    this.link.isUp = true;
    this.#connectivity.goOnline();
  }

  #gone(tab: Tab): void {
    this.tabs.splice(this.tabs.indexOf(tab), 1);
  }

  /** The disk as one tab sees it: its operations are carried out one after the other. */
  #store(clock: ProcessClock): KeyValue {
    let last: Promise<unknown> = Promise.resolve();
    let isClosed = false;
    const inTurn = <T>(run: () => T): Promise<T> => {
      if (isClosed) return Promise.reject(new Error('The store is closed'));
      const turn = last.then(async () => {
        await new Promise<void>((resolve) => this.#world.setTimeout(resolve, this.#random.between(0, 15)));
        while (this.mood === 'hangs') await new Promise<void>((resolve) => this.#world.setTimeout(resolve, 500));
        if (clock.isDead) return new Promise<T>(() => {});
        return run();
      });
      last = turn.catch(() => {});
      return turn;
    };
    return {
      sharedAs: this.name,
      get: (key) => inTurn(() => structuredClone(this.disk.get(key))),
      list: (prefix) =>
        inTurn(() =>
          [...this.disk.keys()]
            .filter((key) => key.startsWith(prefix))
            .sort()
            .map((key): [string, unknown] => [key, structuredClone(this.disk.get(key))]),
        ),
      write: (ops) => {
        const copies = structuredClone<readonly KeyValueOp[]>(ops);
        return inTurn(() => {
          if (this.mood === 'full') throw new DOMException('The disk is full', 'QuotaExceededError');
          for (const op of copies) {
            if ('put' in op) this.disk.set(op.put, op.value);
            else this.disk.delete(op.remove);
          }
        });
      },
      close: async () => {
        await last;
        isClosed = true;
      },
    };
  }

  #browserTab(clock: ProcessClock): Tabs {
    return new BrowserTab(this.#browserTabs, clock, this.#world);
  }
}

/** The lock and the channel that the tabs of a browser share. */
class BrowserTab implements Tabs {
  readonly clock: ProcessClock;
  readonly #all: BrowserTab[];
  readonly #world: VirtualClock;
  #on: TabEvents | undefined;
  #isChecking = false;
  isLeader = false;

  constructor(all: BrowserTab[], clock: ProcessClock, world: VirtualClock) {
    this.#all = all;
    this.clock = clock;
    this.#world = world;
    all.push(this);
    if (!all.some(({ isLeader }) => isLeader)) this.#lead();
  }

  broadcast(message: unknown): void {
    const copy: unknown = structuredClone(message);
    for (const other of this.#all) {
      if (other !== this) this.#world.setTimeout(() => other.clock.deliver(() => other.#on?.onMessage(copy)), 1);
    }
  }

  listen(on: TabEvents): void {
    this.#on = on;
    if (this.isLeader) on.onBecameLeader();
  }

  /** A leader that is frozen loses the lock. */
  checkLeader(): void {
    if (this.isLeader || this.#isChecking) return;
    this.#isChecking = true;
    this.#world.setTimeout(() => {
      this.#isChecking = false;
      const leader = this.#all.find(({ isLeader }) => isLeader);
      if (this.clock.isDead || this.clock.isFrozen || !this.#all.includes(this) || (leader && !leader.clock.isFrozen)) return;
      if (leader) leader.isLeader = false;
      this.#lead();
    }, 5_000);
  }

  close(): void {
    this.#on = undefined;
    const at = this.#all.indexOf(this);
    if (at >= 0) this.#all.splice(at, 1);
    if (!this.isLeader) return;
    this.isLeader = false;
    const next = this.#all[0];
    if (next) next.#lead();
  }

  #lead(): void {
    this.isLeader = true;
    this.#world.setTimeout(() => this.clock.deliver(() => this.isLeader && this.#on?.onBecameLeader()), 0);
  }
}
