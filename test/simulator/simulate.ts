// One run from one seed: devices with tabs, a server and a network in one process and in virtual time; random work under random faults, then
// healing, then the checks of history.ts. The same seed gives the same run.

import { mutationPrefix } from '../../src/reactor/mutations/mutation.ts';
import { tx } from '../../src/transact/chunk.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import type { InstantUnknownSchema } from '../../src/schema/schema.ts';
import { VirtualDevice, type VirtualTab } from '../../src/testing/virtual/device.ts';
import { History } from './history.ts';
import { VirtualNetwork } from '../../src/testing/virtual/network.ts';
import { SeededRandom } from '../../src/testing/virtual/seeded-random.ts';
import { VirtualServer } from '../../src/testing/virtual/server.ts';

export interface RunOptions {
  readonly seed: number;
  /** Steps of random work and faults. */
  readonly steps?: number;
}

export interface RunResult {
  readonly violations: readonly string[];
  readonly writes: number;
  readonly faults: number;
  /** What happened, a line a step. */
  readonly story: readonly string[];
}

type Device = VirtualDevice<InstantUnknownSchema>;
type Tab = VirtualTab<InstantUnknownSchema>;

type SimulatedUser = {
  readonly id: string;
  readonly email: string;
  readonly refresh_token: string;
  readonly isGuest: false;
};

const appId = 'a9900000-0000-4000-8000-000000000003';

/** How often each kind of step comes. */
const weights = {
  write: 40,
  invalidWrite: 4,
  wait: 18,
  openTab: 3,
  closeTab: 2,
  killTab: 3,
  freeze: 2,
  thaw: 3,
  goOffline: 3,
  goOnline: 5,
  cut: 3,
  silence: 2,
  loseAnswers: 4,
  stopServer: 1,
  killServer: 2,
  startServer: 5,
  changeUser: 2,
  disk: 2,
  clock: 1,
  slowDown: 2,
};
type StepName = keyof typeof weights;
const work: readonly StepName[] = ['write', 'invalidWrite', 'wait', 'openTab', 'goOnline', 'startServer', 'thaw'];
const registers = ['a', 'b', 'c'].map((letter) => `${letter.repeat(8)}-0000-4000-8000-000000000001`);

export async function simulate({ seed, steps = 120 }: RunOptions): Promise<RunResult> {
  const world = new World(seed);
  await world.begin();
  for (let step = 0; step < steps; step += 1) await world.step();
  await world.heal();
  await world.check();
  return { violations: world.history.violations, writes: world.history.writes.size, faults: world.faults, story: world.story };
}

class World {
  readonly history = new History();
  readonly story: string[] = [];
  faults = 0;
  #pauseMs = 0;
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #users: readonly SimulatedUser[];
  readonly #server: VirtualServer;
  readonly #network: VirtualNetwork;
  readonly #devices: readonly Device[];
  readonly #registerResults = new Map<string, unknown>();
  readonly #markResults = new Map<string, readonly string[]>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#users = ['ann', 'bob'].map((name) => {
      const id = this.#random.uuid();
      return { id, email: `${name}@example.com`, refresh_token: this.#random.uuid(), isGuest: false };
    });
    this.#server = new VirtualServer({
      ...{ clock: this.#clock, random: this.#random.fork('server'), appId },
      userOf: (token) => this.#users.find(({ refresh_token }) => refresh_token === token),
    });
    this.#network = new VirtualNetwork(this.#clock, this.#random.fork('network'), this.#server);
    const count = this.#random.between(2, 3);
    this.#devices = Array.from({ length: count }, (_, at) => this.#device(`d${at + 1}`, `device ${at}`));
  }

  #device(name: string, seededAs = name): Device {
    return new VirtualDevice({ name, clock: this.#clock, random: this.#random.fork(seededAs), network: this.#network });
  }

  async begin(): Promise<void> {
    for (const device of this.#devices) this.#open(device);
    await this.#clock.advance(1_000);
  }

  async step(): Promise<void> {
    const name = this.#random.pickWeighted(weights);
    const done = this.#steps[name]();
    if (done !== undefined) {
      if (!work.includes(name)) this.faults += 1;
      this.story.push(`${this.#clock.monotonicNow()} ms: ${done}`);
    }
    await this.#clock.advance(this.#pauseMs + this.#random.between(0, 60));
    this.#pauseMs = 0;
  }

  /** Everything works again, and everybody comes back. */
  async heal(): Promise<void> {
    this.#server.start();
    for (const device of this.#devices) {
      device.disk.condition = 'well';
      device.link.delayMs = 10;
      device.goOnline();
      for (const { clock } of device.tabs) clock.thaw();
      if (device.tabs.length === 0) this.#open(device);
    }
    await this.#clock.advance(90_000);
    for (const user of [...this.#users, undefined]) {
      for (const device of this.#devices) this.#signIn(device, user);
      await this.#clock.advance(30_000);
      for (const device of this.#devices) for (const tab of device.tabs) this.#discardRejected(tab);
      await this.#clock.advance(2_000);
    }
  }

  #discardRejected({ reactor: { outbox } }: Tab): void {
    for (const { state, eventId } of outbox.list()) if (state === 'rejected') this.history.discard(outbox.discard(eventId));
  }

  async check(): Promise<void> {
    const observer = this.#device('observer');
    const truth = this.#open(observer);
    await this.#clock.advance(5_000);
    for (const device of this.#devices) {
      for (const { name } of device.tabs) this.#compare(name, truth.name);
      for (const [key, value] of device.disk.entries) {
        if (!key.startsWith(mutationPrefix('').slice(0, -1))) continue;
        const { reason, txId } = value as { reason?: unknown; txId?: number };
        if (reason === undefined && txId === undefined) this.history.report(`${device.name} still has a write that waits: ${key}`);
      }
    }
    const attrs = new Set(
      this.#server.entries
        .flatMap(({ attrs: changed }) => changed?.put ?? [])
        .filter(isMarkNumber)
        .map(({ id }) => id),
    );
    this.history.check(this.#server.entries, attrs);
    for (const device of [...this.#devices, observer]) for (const tab of [...device.tabs]) await this.#close(tab);
  }

  async #close(tab: Tab): Promise<void> {
    const closed = tab.device.close(tab);
    await this.#clock.advance(2_000);
    await closed;
  }

  #compare(name: string, truth: string): void {
    const [shown, expected] = [this.#markResults.get(name), this.#markResults.get(truth)].map((ids) => [...(ids ?? [])].sort().join());
    if (shown !== expected) this.history.report(`${name} shows other entities than a fresh client does`);
    if (JSON.stringify(this.#registerResults.get(name)) !== JSON.stringify(this.#registerResults.get(truth)))
      this.history.report(`${name} shows other values than a fresh client does`);
  }

  #open(device: Device): Tab {
    const tab = device.open();
    let shownTo: string | undefined;
    tab.reactor.events.on('auth', (user) => {
      if (shownTo !== user?.id) this.history.forget(tab.name);
      shownTo = user?.id;
    });
    tab.reactor.queries.subscribe({ marks: {} }, { onResult: ({ data }) => this.#showMarks(tab, idsOf(data)), onError: () => {} });
    tab.reactor.queries.subscribe(
      { registers: { $: { order: { serverCreatedAt: 'asc' } } } },
      { onResult: ({ data }) => this.#registerResults.set(tab.name, sorted(data)), onError: () => {} },
    );
    return tab;
  }

  #showMarks(tab: Tab, ids: readonly string[]): void {
    this.#markResults.set(tab.name, ids);
    this.history.show(tab.name, tab.reactor.state.session.owner, ids);
  }

  #write(isInvalid: boolean): string | undefined {
    const tab = this.#tab(({ clock }) => !clock.isFrozen);
    if (!tab || !tab.reactor.account.isLoaded) return undefined;
    const id = this.#random.uuid();
    const owner = tab.reactor.account.user?.id ?? '';
    const register = this.#random.pick(registers) ?? '';
    const write = this.history.add({ id, tab: tab.name, register, owner, isInvalid });
    const chunks = [
      tx['marks']?.[id]?.update({ number: write.seq }),
      isInvalid
        ? tx['registers']?.[this.#random.uuid()]?.update({ value: 0 }, { upsert: false })
        : tx['registers']?.[register]?.update({ value: write.seq }),
    ];
    const promise = tab.reactor.writes.transact(chunks);
    promise.catch(() => {});
    promise.queued.then(
      ({ clientId }) => (write.eventId = clientId),
      () => {},
    );
    promise.settled.then(
      () => this.history.settle(write, 'acknowledged'),
      ({ name }: Error) => this.history.settle(write, name === 'InstantAPIError' ? 'rejected' : 'left'),
    );
    return `${tab.name} makes ${isInvalid ? 'an invalid' : 'a'} write, number ${write.seq}`;
  }

  readonly #steps: Readonly<Record<StepName, () => string | undefined>> = {
    write: () => this.#write(false),
    invalidWrite: () => this.#write(true),
    wait: () => {
      const ms = this.#random.between(50, this.#random.chance(0.1) ? 40_000 : 2_000);
      this.#pauseMs = ms;
      return `${ms} ms pass`;
    },
    openTab: () => {
      const device = this.#random.pick(this.#devices);
      return device && device.tabs.length < 3 ? `${this.#open(device).name} is opened` : undefined;
    },
    closeTab: () => {
      const tab = this.#tab(({ device, clock }) => device.tabs.length > 1 && !clock.isFrozen);
      if (tab) void tab.device.close(tab);
      return tab && `${tab.name} is closed`;
    },
    killTab: () => {
      const tab = this.#tab();
      if (!tab) return undefined;
      this.history.killed.add(tab.name);
      tab.device.kill(tab);
      return `${tab.name} is killed`;
    },
    freeze: () => {
      const tab = this.#tab(({ clock }) => !clock.isFrozen);
      tab?.clock.freeze();
      return tab && `${tab.name} is frozen`;
    },
    thaw: () => {
      const tab = this.#tab(({ clock }) => clock.isFrozen);
      tab?.clock.thaw();
      return tab && `${tab.name} is thawed`;
    },
    goOffline: () =>
      this.#withDevice(
        ({ link }) => link.isUp,
        (device) => device.goOffline(),
        'goes offline',
      ),
    goOnline: () =>
      this.#withDevice(
        ({ link }) => !link.isUp,
        (device) => device.goOnline(),
        'goes online',
      ),
    cut: () =>
      this.#withDevice(
        () => true,
        (device) => this.#network.cut(device.link),
        'loses its connections',
      ),
    silence: () => {
      const socket = this.#random.pick([...this.#network.sockets]);
      socket?.goSilent();
      return socket && 'a socket goes silent';
    },
    loseAnswers: () => {
      const socket = this.#random.pick([...this.#network.sockets]);
      socket?.loseAnswers();
      return socket && 'the answers on a socket are lost, then it breaks';
    },
    stopServer: () => this.#whileUp(() => this.#server.stop(), 'is stopped'),
    killServer: () => this.#whileUp(() => this.#server.kill(), 'is killed'),
    startServer: () => {
      if (this.#server.isUp) return undefined;
      this.#server.start();
      return 'the server starts';
    },
    changeUser: () => {
      const device = this.#random.pick(this.#devices);
      const user = this.#random.pick([...this.#users, undefined]);
      return device && this.#signIn(device, user) ? `${user?.email ?? 'nobody'} signs in on ${device.name}` : undefined;
    },
    disk: () => {
      const device = this.#random.pick(this.#devices);
      const mood = this.#random.pick(['well', 'well', 'hangs'] as const) ?? 'well';
      if (!device || device.disk.condition === mood) return undefined;
      device.disk.condition = mood;
      this.#clock.setTimeout(() => (device.disk.condition = 'well'), this.#random.between(100, 5_000));
      return `the disk of ${device.name}: ${mood}`;
    },
    clock: () => {
      const ms = this.#random.between(-3_600_000, 3_600_000);
      if (this.#random.chance(0.3)) this.#server.jump(ms);
      else this.#tab()?.clock.jump(ms);
      return `a clock jumps by ${ms} ms`;
    },
    slowDown: () =>
      this.#withDevice(
        () => true,
        ({ link }) => (link.delayMs = this.#random.between(2, 900)),
        'has another delay',
      ),
  };

  #whileUp(down: () => void, what: string): string | undefined {
    if (!this.#server.isUp) return undefined;
    down();
    return `the server ${what}`;
  }

  #withDevice(isFit: (device: Device) => boolean, run: (device: Device) => unknown, what: string): string | undefined {
    const device = this.#random.pick(this.#devices.filter(isFit));
    if (device) run(device);
    return device && `${device.name} ${what}`;
  }

  #tab(isFit: (tab: Tab) => boolean = () => true): Tab | undefined {
    return this.#random.pick(this.#devices.flatMap(({ tabs }) => tabs).filter(isFit));
  }

  #signIn(device: Device, user: SimulatedUser | undefined): boolean {
    const tab = device.tabs.find(({ clock }) => !clock.isFrozen);
    if (!tab) return false;
    tab.reactor.account.setUser(user).catch(() => {});
    return true;
  }
}

type Rows = readonly Readonly<Record<string, unknown>>[];

function idsOf(data: Readonly<Record<string, unknown>>): string[] {
  return ((data['marks'] ?? []) as Rows).map(({ id }) => String(id));
}

function sorted(data: Readonly<Record<string, unknown>>): unknown {
  return [...((data['registers'] ?? []) as Rows)]
    .map(({ id, value }) => [id, value])
    .sort(([a], [b]) => String(a).localeCompare(String(b)));
}

function isMarkNumber({
  'forward-identity': [, etype, label],
}: {
  readonly 'forward-identity': readonly [string, string, string];
}): boolean {
  return etype === 'marks' && label === 'number';
}
