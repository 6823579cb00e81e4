// The simulated world: devices, the server, the network, and what the tabs of the devices show.

import type { AppStatus, WireUser } from '../../src/protocol/session-messages.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { VirtualNetwork } from '../../src/testing/virtual/network.ts';
import { SeededRandom } from '../../src/testing/virtual/seeded-random.ts';
import type { VirtualServer } from '../../src/testing/virtual/server.ts';
import { type Data, type Device, ourDevice, type Tab, type Write } from './client.ts';
import { declareFields } from './declared.ts';
import { asSent } from './forgetful-server.ts';
import { Happened } from './happened.ts';
import { History, type WriteRecord } from './history.ts';
import { isCalm, type Profile, type ProfileName, profiles } from './profiles.ts';
import { checkDisk, checkRecovered, checkUsers, markAttrs } from './recovered.ts';
import { everything, type Setting } from './setting.ts';
import { SimulatedTraffic } from './traffic.ts';

export interface SimulatedUser extends WireUser {
  readonly email: string;
  readonly refresh_token: string;
  readonly isGuest: false;
}

const failure = new Error('A listener of the app fails');
const appId = 'a9900000-0000-4000-8000-000000000003';

export class World {
  readonly story: string[] = [];
  readonly clock = new VirtualClock(undefined, 1);
  readonly history = new History(() => this.clock.monotonicNow());
  readonly seeds: SeededRandom;
  /** What the present step draws lots from. */
  random: SeededRandom;
  readonly users: readonly SimulatedUser[];
  /** Users whose tokens the server does not take at present. */
  readonly expired = new Set<string>();
  readonly server: VirtualServer;
  readonly network: VirtualNetwork;
  readonly traffic: SimulatedTraffic;
  readonly devices: readonly Device[];
  /** Devices whose disk has failed: tabs that were open then may not know what is there. */
  readonly failedDisks = new Set<Device>();
  /** Invalid write → the row that it needs and that is not there. */
  readonly missing = new Map<string, string>();
  /** Queries asked once that have no answer yet, by the tab that asked. */
  readonly asked = new Map<symbol, Tab>();
  /** A write that was refused because the app was disabled may be overtaken by one that came when it no longer was. */
  hasStatusChange = false;
  /** So long after the present step. */
  pauseMs = 0;
  readonly happened = new Happened();
  readonly #registers = new Map<string, string>();
  readonly #marks = new Map<string, readonly string[]>();

  readonly seed: number;
  readonly profile: Profile;
  readonly setting: Setting;
  readonly #trace: ((line: string) => void) | undefined;

  constructor(seed: number, profile: ProfileName = 'mixed', setting: Setting = everything, trace?: (line: string) => void) {
    this.seed = seed;
    this.profile = profiles[profile];
    this.setting = setting;
    this.#trace = trace;
    this.seeds = this.random = new SeededRandom(seed);
    this.users = setting.users.map((name) => {
      const id = this.random.uuid();
      return { id, email: `${name}@example.com`, refresh_token: this.random.uuid(), isGuest: false };
    });
    this.server = new setting.Server({
      clock: this.clock,
      random: this.seeds.fork('server'),
      appId,
      userOf: (token) => this.#userOf(token),
    });
    // What the server failed at and applied all the same may be overtaken by what it failed at before.
    if (isCalm(seed)) this.server.failuresAfterCommit = 0;
    this.history.hasFailures = () => this.server.failedEvents.length > 0;
    this.network = new VirtualNetwork(this.clock, this.seeds.fork('network'), this.server);
    this.traffic = new SimulatedTraffic(
      this.clock,
      this.seeds.fork('traffic'),
      (violation) => this.history.report(violation),
      (what) => this.happened.note(what),
    );
    this.network.traffic = this.traffic;
    this.history.isRefused = (eventId) => this.traffic.refused.has(eventId);
    this.devices = Array.from({ length: this.random.between(...this.profile.devices) }, (_, at) => this.#device(`d${at + 1}`));
  }

  async begin(): Promise<void> {
    this.traffic.repeats = this.random.chance(0.2) && !this.setting.leftOut.has('repeat') ? 0.3 : 0;
    if (this.setting.isDeclared) {
      void declareFields(this.server, this.seeds.fork('schema'));
      await this.clock.advance(1_000);
    }
    const random = this.seeds.fork('begin');
    for (const device of this.devices) {
      if (random.chance(this.profile.offline)) device.goOffline();
      if (random.chance(this.profile.slowDisk)) device.disk.delayMs = random.between(50, 500);
      for (let tabs = random.between(...this.profile.tabs); tabs > 0; tabs -= 1) this.open(device);
    }
    await this.clock.advance(1_000);
    this.clock.setTimeout(() => (this.traffic.repeats = 0), 3_000);
  }

  async pass(): Promise<void> {
    await this.clock.advance(this.pauseMs + this.random.between(0, 60));
    this.pauseMs = 0;
  }

  /** Everything works again, and everybody comes back. */
  async heal(): Promise<void> {
    this.#mendServer();
    await this.clock.advance(5_000);
    this.setStatus('active');
    await this.clock.advance(1_000);
    for (const device of this.devices) this.#mendDevice(device);
    await this.clock.advance(90_000);
    for (const device of this.devices) checkUsers(device, this.history);
    for (const { tabs } of this.devices) for (const tab of tabs) checkRecovered(tab, this.history);
    for (const user of [...this.users, undefined]) {
      for (const device of this.devices) this.signIn(device, user);
      // A confirmed write that an older log lacks is asked for again three times, at growing intervals.
      await this.clock.advance(this.history.hasOlderLog ? 90_000 : 30_000);
      for (const device of this.devices) for (const tab of device.tabs) this.#discardRejected(tab);
      await this.clock.advance(2_000);
    }
  }

  async check(): Promise<void> {
    const observer = this.#device('observer', ourDevice);
    const truth = this.open(observer);
    await this.clock.advance(5_000);
    for (const { tabs } of this.devices) for (const tab of tabs) this.#checkTab(tab, truth);
    for (const device of this.devices) checkDisk(device, this.history);
    for (const tab of this.asked.values()) this.history.report(`${tab.name} asked once, and has no answer`);
    // Where an answer of failure was lost, nobody knows that later writes have overtaken the one that failed.
    this.history.hasLostFailures = this.hasStatusChange || (this.server.failedEvents.length > 0 && !isCalm(this.seed));
    this.history.check(asSent(this.server.entries), markAttrs(this.server.entries), this.traffic.refused);
    this.history.checkOrderShown(this.#marks.get(truth.name) ?? [], this.server.entries);
    this.traffic.check();
    const { killedBeforeCommit, killedAfterCommit, failedEvents } = this.server;
    this.happened.note('the server is killed before a commit', killedBeforeCommit);
    this.happened.note('the server is killed between a commit and its answer', killedAfterCommit);
    this.happened.note("the server's storage fails at a write", failedEvents.length);
    for (const device of [...this.devices, observer]) for (const tab of [...device.tabs]) await this.#close(tab);
  }

  /** Not awaited: it takes virtual time. */
  setStatus(status: AppStatus): void {
    const change = async (): Promise<void> => (await this.server.app()).setStatus(status);
    change().catch(() => {});
  }

  tab(isFit: (tab: Tab) => boolean = () => true): Tab | undefined {
    return this.random.pick(this.devices.flatMap(({ tabs }) => tabs).filter(isFit));
  }

  open(device: Device): Tab {
    const tab = device.open();
    if (this.failedDisks.has(device)) this.traffic.doubted.add(tab.clock);
    if (device.tabs.length > 1) this.history.parallel.add(device.name);
    let shownTo: string | undefined;
    tab.reactor.events.on('auth', (user) => {
      if (shownTo !== user?.id) this.history.forget(tab.name);
      shownTo = user?.id;
    });
    tab.reactor.events.on('fact', (kind, message) => {
      this.#trace?.(`${this.clock.monotonicNow()} ms: ${tab.name} ${kind} ${JSON.stringify(message)}`);
      const { op, 'client-event-id': eventId = '' } = (kind === 'heard' ? message : {}) as Heard;
      if (op === 'transact-ok') this.traffic.onConfirmed(tab.clock, eventId);
    });
    const fails = (): void => {
      throw failure;
    };
    const { queries } = tab.reactor;
    if (this.setting.hasFailingListener) queries.subscribe({ marks: {} }, { onResult: fails, onError: fails });
    queries.subscribe({ marks: {} }, { onResult: ({ data }) => this.#showMarks(tab, data), onError: () => {} });
    const byAge = { registers: { $: { order: { serverCreatedAt: 'asc' } } } };
    queries.subscribe(byAge, { onResult: ({ data }) => this.#showRegisters(tab, data), onError: () => {} });
    return tab;
  }

  failDisk(device: Device): void {
    this.failedDisks.add(device);
    for (const { clock } of device.tabs) this.traffic.doubted.add(clock);
  }

  /** Part of the names that the writes of this time make, if not those of the whole run make the same. */
  get period(): string {
    const { writesPerName } = this.profile;
    return writesPerName === undefined ? '' : `${100 + Math.floor(this.history.writes.size / writesPerName)}`;
  }

  signIn(device: Device, user: SimulatedUser | undefined): boolean {
    const tab = device.tabs.find(({ clock }) => !clock.isFrozen);
    if (!tab) return false;
    this.traffic.onReason();
    if (tab.reactor.account.isReading) this.happened.note('the user changes while the writes of another are read');
    tab.reactor.account.setUser(user).catch(() => {});
    return true;
  }

  /** What becomes of it is written into the history. */
  follow(write: WriteRecord, promise: Write): void {
    promise.catch(() => {});
    promise.queued.then(
      ({ clientId }) => {
        write.eventId = clientId;
        write.storedAtMs = this.clock.monotonicNow();
      },
      () => {},
    );
    promise.settled.then(
      () => this.history.settle(write, 'acknowledged'),
      (error: Error) => this.history.settle(write, error.name === 'InstantAPIError' ? 'rejected' : 'left', error.message),
    );
  }

  #userOf(token: string): SimulatedUser | undefined {
    return this.users.find(({ id, refresh_token }) => refresh_token === token && !this.expired.has(id));
  }

  #device(name: string, open = this.setting.device): Device {
    return open({ name, clock: this.clock, random: this.seeds.fork(`device ${name}`), network: this.network });
  }

  #mendServer(): void {
    this.server.failures = 0;
    this.server.killsAtAppend = false;
    this.server.appendMs = 5;
    this.traffic.repeats = this.traffic.garbles = 0;
    this.expired.clear();
    this.server.start();
  }

  #mendDevice(device: Device): void {
    device.disk.condition = 'well';
    device.link.delayMs = 10;
    device.disk.delayMs = 15;
    // A client that was never told of an outage has to find its way back by itself.
    if (!device.link.isUp) {
      this.traffic.onReason();
      device.goOnline();
    }
    for (const { clock } of device.tabs) clock.thaw();
    for (const tab of device.tabs) this.noteErrors(tab);
    // Only the next tab reads a disk that could not be read.
    if (this.failedDisks.has(device)) for (const tab of [...device.tabs]) void device.close(tab);
    if (device.tabs.length === 0) this.open(device);
  }

  #discardRejected({ reactor: { outbox } }: Tab): void {
    for (const { state, eventId } of outbox.list()) if (state === 'rejected') this.history.discard(outbox.discard(eventId));
  }

  #checkTab(tab: Tab, truth: Tab): void {
    this.noteErrors(tab);
    const [shown, expected] = [tab, truth].map(({ name }) => [...(this.#marks.get(name) ?? [])].sort().join());
    if (shown !== expected) this.history.report(`${tab.name} shows other entities than a fresh client does`, 'diverged');
    if (this.#registers.get(tab.name) !== this.#registers.get(truth.name))
      this.history.report(`${tab.name} shows other values than a fresh client does`, 'diverged');
    const queries = [...tab.reactor.state.queries.list()].length;
    if (queries > 2) this.history.report(`${tab.name} has ${queries} queries, and 2 that somebody listens to`);
    const waiting = tab.reactor.state.outbox.list();
    if (waiting.length > 0) this.history.report(`${tab.name} still holds ${waiting.length} writes, the first ${String(waiting[0]?.state)}`);
  }

  /** What a client reports it copes with. A fault of its own it does not expect. */
  noteErrors({ name, errors }: Tab): void {
    for (const error of errors.splice(0)) {
      const { code, cause } = error as { code?: string; cause?: unknown };
      if (code === 'storage-failed') {
        this.history.unstored.add(name);
        this.happened.note('a disk fails');
      }
      const isOwn = [error, cause].some((each) => each instanceof TypeError || each instanceof ReferenceError);
      if (isOwn) this.history.report(`${name} has a fault: ${error.message}, ${String(cause)}`);
    }
  }

  async #close(tab: Tab): Promise<void> {
    // With something still to come.
    tab.reactor.queries.once({ registers: { $: { limit: 7 } } }).catch(() => {});
    const closed = tab.device.close(tab);
    await this.clock.advance(3_000);
    await closed;
    if (tab.clock.timers > 0) this.history.report(`${tab.name} is closed, and ${tab.clock.timers} of its timers wait`);
    if ([...this.network.sockets].some(({ owner }) => owner === tab.clock))
      this.history.report(`${tab.name} is closed, and its socket is open`);
  }

  #showMarks(tab: Tab, data: Data): void {
    const ids = rowsOf(data, 'marks').map(({ id }) => String(id));
    this.#marks.set(tab.name, ids);
    this.#trace?.(`${this.clock.monotonicNow()} ms: ${tab.name} shows ${ids.map((id) => this.history.writes.get(id)?.seq).join(' ')}`);
    this.noteErrors(tab);
    this.history.show(tab.name, tab.reactor.state.session.owner, ids);
  }

  #showRegisters(tab: Tab, data: Data): void {
    const rows = rowsOf(data, 'registers').map(({ id, value }) => [String(id), value] as const);
    rows.sort(([a], [b]) => (a < b ? -1 : 1));
    this.#registers.set(tab.name, JSON.stringify(rows));
    // What a tab's own writes show is the order in which it knows them, until the server has given them one.
    const waiting = new Set(
      tab.reactor.state.outbox.list().flatMap(({ steps }) => steps.flatMap((step) => (step[0] === 'add-triple' ? [step[3]] : []))),
    );
    this.history.values.show(tab.name, tab.reactor.state.session.owner, rows.filter(([, value]) => !waiting.has(value))); // prettier-ignore
  }
}

interface Heard {
  readonly op?: string;
  readonly 'client-event-id'?: string;
}

function rowsOf(data: Data, etype: string): readonly Readonly<Record<string, unknown>>[] {
  return (data[etype] ?? []) as readonly Readonly<Record<string, unknown>>[];
}
