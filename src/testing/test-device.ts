// A device of a test app, and its tabs.

import type { InstantCoreDatabase } from '../client/database.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import { checkDisk, checkMs, checkUser } from './option-checks.ts';
import { type DeviceOptions, VirtualDevice, type VirtualTab } from './virtual/device.ts';
import type { DiskCondition } from './virtual/disk.ts';
import type { VirtualNetwork } from './virtual/network.ts';
import type { TestUser } from './test-app.ts';

type Run = <T>(promise: PromiseLike<T>) => Promise<T>;

export class TestTab<Schema extends AnySchemaDef> {
  readonly name: string;
  /** The client, as `init` returns it. */
  readonly db: InstantCoreDatabase<Schema>;
  readonly #tab: VirtualTab<Schema>;
  readonly #run: Run;

  constructor(tab: VirtualTab<Schema>, run: Run) {
    this.name = tab.name;
    this.db = tab.db;
    this.#tab = tab;
    this.#run = run;
  }

  /** What the client reported to `onError`. */
  get errors(): readonly Error[] {
    return this.#tab.errors;
  }

  get isFrozen(): boolean {
    return this.#tab.clock.isFrozen;
  }

  /** Whether it was closed or killed. */
  get isClosed(): boolean {
    return !this.#tab.device.tabs.includes(this.#tab);
  }

  /** Closes the page: what is being stored is completed. A frozen page is thawed for it. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.thaw();
    await this.#run(this.#tab.device.close(this.#tab));
  }

  /** Ends the page without warning: what is not on the disk is lost. */
  kill(): void {
    this.#tab.device.kill(this.#tab);
  }

  /** Stops all that runs in the page, as a phone does with a page in the background. */
  freeze(): void {
    this.#tab.clock.freeze();
  }

  thaw(): void {
    this.#tab.clock.thaw();
  }

  /** Sets the page's wall clock, in milliseconds relative to what it shows. */
  jumpClock(ms: number): void {
    checkMs('jumpClock: ms', ms, -Infinity);
    this.#tab.clock.jump(ms);
  }

  /** Whether writes wait to be sent or confirmed. Those that wait for the program's decision about a rejected write do not count. */
  get isSending(): boolean {
    return this.#tab.reactor.outbox.list().some(({ state }) => state !== 'rejected' && state !== 'blocked');
  }

  /** Resolves when the stored user is known. */
  async loaded(): Promise<void> {
    await this.#run(this.#tab.reactor.account.getUser());
  }

  async setUser(user: TestUser | undefined): Promise<void> {
    const account = user && { id: user.id, email: user.email, refresh_token: user.refreshToken, isGuest: false };
    await this.#run(this.#tab.reactor.account.setUser(account));
  }
}

export class TestDevice<Schema extends AnySchemaDef> {
  readonly name: string;
  readonly #tabs: TestTab<Schema>[] = [];
  readonly #device: VirtualDevice<Schema>;
  readonly #network: VirtualNetwork;
  readonly #run: Run;
  #user: TestUser | undefined;

  constructor(options: DeviceOptions<Schema>, run: Run) {
    this.name = options.name;
    this.#device = new VirtualDevice(options);
    this.#network = options.network;
    this.#run = run;
  }

  /** Those that are open. */
  get tabs(): readonly TestTab<Schema>[] {
    return this.#tabs.filter((tab) => !tab.isClosed);
  }

  /** Whoever was signed in last by `signIn`. */
  get user(): TestUser | undefined {
    return this.#user;
  }

  /** Opens a page of the app, and resolves when it knows who is signed in. */
  async openTab(): Promise<TestTab<Schema>> {
    const tab = new TestTab(this.#device.open(), this.#run);
    this.#tabs.push(tab);
    await tab.loaded();
    return tab;
  }

  /** Signs a user in, in all tabs. A device without tabs opens one for it and closes it again. */
  async signIn(user: TestUser): Promise<void> {
    checkUser('signIn: user', user);
    await this.#setUser(user);
  }

  /** Signs out, in all tabs. */
  async signOut(): Promise<void> {
    await this.#setUser(undefined);
  }

  get isOnline(): boolean {
    return this.#device.link.isUp;
  }

  goOffline(): void {
    this.#device.goOffline();
  }

  goOnline(): void {
    this.#device.goOnline();
  }

  /** Breaks the device's connections. Its tabs connect again. */
  breakConnections(): void {
    this.#network.cut(this.#device.link);
  }

  /** What is sent arrives, responses are lost, and the connections break within two seconds. */
  loseResponses(): void {
    for (const socket of this.#network.sockets) if (socket.link === this.#device.link) socket.loseAnswers();
  }

  /** The longest time that a message takes in each direction, in milliseconds. At first 40. */
  setDelay(ms: number): void {
    checkMs('setDelay: ms', ms);
    this.#device.link.delayMs = ms;
  }

  /** `full`: writing fails. `broken`: reading does too. `hangs`: nothing is answered until it is `well` again. */
  setDisk(condition: DiskCondition): void {
    checkDisk(condition);
    this.#device.disk.condition = condition;
  }

  /** Whether a tab has writes to send and can send them. */
  get isSending(): boolean {
    return this.isOnline && this.tabs.some((tab) => !tab.isFrozen && tab.isSending);
  }

  async #setUser(user: TestUser | undefined): Promise<void> {
    const open = this.tabs.find((tab) => !tab.isFrozen);
    const tab = open ?? (await this.openTab());
    await tab.setUser(user);
    this.#user = user;
    if (!open) await tab.close();
  }
}
