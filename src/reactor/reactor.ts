// The sync client. Server messages go down to the state and on to the listeners, writes go up through the outbox to the server. The state
// decides and returns effects; only this file carries them out.
//
//   down  message ─▶ receive[op] ─▶ state ─▶ effects ─▶ views ─▶ listeners
//   up    chunks ─▶ validate ─▶ expand ─▶ outbox ─▶ disk ─▶ connection
//                                           └─▶ views ─▶ listeners

import { EventEmitter } from 'eventemitter3';

import type { Transport } from '../connection/transport.ts';
import { TriplaneError } from '../errors.ts';
import type { AppStatus } from '../protocol/session-messages.ts';
import type { KeyValueOp } from '../storage/key-value.ts';
import type { ConnectionStatus } from '../types/database.ts';
import { Account } from './account.ts';
import { asError, closedError, queryTimeoutError, unprotectedText } from './client-errors.ts';
import type { ReactorConfig, ReactorEvents } from './config.ts';
import type { ClientContext } from './context.ts';
import type { Effect } from './effect.ts';
import { LocalIds } from './local-ids.ts';
import { MutationApi } from './mutations/mutation-api.ts';
import { OutboxApi } from './mutations/outbox-api.ts';
import { verifyApplied } from './mutations/reject.ts';
import { guarded } from './notify.ts';
import { PendingCalls } from './pending-calls.ts';
import { PersistQueue } from './persist-queue.ts';
import { QueryApi } from './queries/query-api.ts';
import { QueryCache } from './queries/query-cache.ts';
import { RoomApi } from './rooms/room-api.ts';
import { newSyncState, type SyncState } from './state.ts';
import type { Tabs } from './tabs/tab-channel.ts';
import { TabSync } from './tabs/tab-sync.ts';
import { DeadlineTimer, earliest } from './timer.ts';
import { Uplink } from './uplink.ts';

/** How the Reactor reaches the server and the other tabs. */
export interface Platform {
  /** The first is preferred; the others are for networks that block it. */
  readonly transports: readonly Transport[];
  readonly tabs: Tabs;
}

export class Reactor implements ClientContext {
  readonly config: ReactorConfig;
  readonly state: SyncState;
  readonly pendingCalls = new PendingCalls();
  readonly events = new EventEmitter<ReactorEvents>();
  readonly queries: QueryApi;
  readonly writes: MutationApi;
  readonly outbox: OutboxApi;
  readonly rooms: RoomApi;
  readonly localIds: LocalIds;
  readonly account: Account;
  readonly #uplink: Uplink;
  readonly #tabs: Tabs;
  readonly #tabSync: TabSync;
  readonly #queryCache: QueryCache;
  readonly #persistQueue: PersistQueue;
  readonly #timer: DeadlineTimer;
  readonly #stopListening: (() => void) | undefined;
  #isAwake = false;
  #isShutDown = false;
  #closed: Promise<void> | undefined;

  constructor(config: ReactorConfig, { transports, tabs }: Platform) {
    this.config = config;
    this.state = newSyncState(config);
    this.queries = new QueryApi(this);
    this.writes = new MutationApi(this);
    this.outbox = new OutboxApi(this);
    this.rooms = new RoomApi(this);
    this.localIds = new LocalIds(config.store, config.random, () => this.account.adopted);
    this.#queryCache = new QueryCache(this);
    this.#timer = new DeadlineTimer(config.clock, () => this.#onTimer());
    this.#persistQueue = new PersistQueue(config.store, {
      onPersisted: (edits) => this.#onPersisted(edits),
      onError: (error) => this.report(error),
    });
    this.#uplink = new Uplink(this, transports);
    this.account = new Account(this);
    this.#tabs = tabs;
    this.#tabSync = new TabSync(this, tabs);
    this.#stopListening = config.network.onHidden?.(() => {
      this.#queryCache.flush();
      this.#persistQueue.hurry();
    });
    if (!config.startsWhenUsed) this.#wake();
  }

  get isReady(): boolean {
    return this.#uplink.isReady;
  }

  get isLeader(): boolean {
    return this.#tabs.isLeader;
  }

  get isOpen(): boolean {
    return !this.#isShutDown;
  }

  get status(): ConnectionStatus {
    return this.#uplink.status;
  }

  /** Undefined until the server reports it. */
  get appStatus(): AppStatus | undefined {
    return this.state.session.appStatus;
  }

  run(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (this.#isShutDown && effect.do !== 'store' && effect.do !== 'tell') continue;
      // An effect that fails is reported, and the others are carried out all the same.
      guarded(
        () => this.#perform(effect),
        (error) => this.report(error),
      );
    }
    if (this.#isShutDown) return;
    const { queries, outbox, features } = this.state;
    this.#timer.set(
      earliest(
        this.pendingCalls.nextDeadline(),
        outbox.retries.nextDeadline(),
        queries.nextDeadline(),
        features.nextDeadline(),
        this.#queryCache.nextDeadline(),
      ),
    );
    this.#tabSync.watchLeader(outbox.size > 0);
  }

  hydrate(key: string): void {
    // The cached results of a user are read once it is known who is signed in.
    void this.account.loaded.then(() => {
      const live = this.isOpen ? this.state.queries.get(key) : undefined;
      if (live) void this.#queryCache.hydrate(live);
    });
  }

  persistResult(key?: string): void {
    if (key === undefined) this.#queryCache.flush();
    else this.#queryCache.flushQuery(key);
  }

  /** Where tabs cannot lock, every tab has every resource. */
  async acquire(name: string): Promise<boolean> {
    return this.#tabs.acquire?.(name) ?? true;
  }

  cancelPersist(key: string): boolean {
    return this.#persistQueue.cancel(key);
  }

  async call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    this.assertOpen();
    return this.pendingCalls.call(run, signal);
  }

  report(error: Error): void {
    // What is cut off by closing is no news.
    if (this.#isShutDown && error instanceof TriplaneError && error.code === 'closed') return;
    this.events.emit('fact', 'error', error);
    guarded(
      () => this.config.onError(error),
      (again) => this.config.log.error(again),
    );
  }

  assertOpen(): void {
    if (this.#isShutDown) throw closedError();
  }

  /**
   * Closes the client for good. From this call on nothing is sent, no listener is called, and pending calls reject. When the promise
   * resolves, all writes are stored, and no socket, timer, listener, lock or store is open.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  shutdown(): void {
    void this.close();
  }

  async #close(): Promise<void> {
    this.run(this.state.features.collect((feature) => feature.shutDown?.(closedError())));
    this.#stopListening?.();
    this.#queryCache.flush();
    this.#isShutDown = true;
    const stopped = this.#uplink.stop();
    this.#timer.set(undefined);
    this.#queryCache.clear();
    this.queries.shutDown();
    this.pendingCalls.shutDown();
    this.events.removeAllListeners();
    // Writes made before the store was read get their owner, and with it their place in the store, then.
    if (this.state.outbox.size > 0) await this.account.loaded;
    await this.#persistQueue.close().catch((error: unknown) => this.config.log.warn('the store could not be closed', error));
    this.pendingCalls.detach(new TriplaneError('closed', 'The database was shut down before the server confirmed the write'));
    // The lock is released last: the next leader reads what is stored.
    await Promise.all([stopped, this.#tabSync.close()]);
  }

  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    // Not before it is known who is signed in: a session is opened for a user.
    void this.account.loaded.then(() => this.isOpen && this.#uplink.start());
  }

  #onTimer(): void {
    const { outbox, queries, features } = this.state;
    const nowMs = this.config.clock.monotonicNow();
    const tasks: readonly (() => void)[] = [
      () => this.#queryCache.onDeadline(nowMs),
      () => this.pendingCalls.onDeadline(nowMs, () => queryTimeoutError(this.config, this.status)),
      () => this.run(queries.onDeadline(nowMs, this.config.random)),
      // A new session brings the attrs.
      () => outbox.retries.lacksAttrs(nowMs) && this.#uplink.restart(),
      () => this.run(features.collect((feature) => feature.onDeadline(nowMs))),
    ];
    for (const task of tasks) guarded(task, (error) => this.report(error));
    // Sets the timer again, whatever happened above.
    this.run([{ do: 'flush' }]);
  }

  #onPersisted(edits: readonly KeyValueOp[]): void {
    this.events.emit('fact', 'saved', edits);
    this.account.onPersisted(edits);
    this.writes.onPersisted(edits);
  }

  #perform(effect: Effect): void {
    this.events.emit('fact', 'effect', effect);
    switch (effect.do) {
      case 'send':
        return this.isReady ? this.#uplink.send(effect.message) : this.#wake();
      case 'store':
        return this.#persistQueue.add(effect.edits);
      case 'rewrite':
        return this.isLeader ? this.#persistQueue.add(effect.edits) : undefined;
      case 'show':
        return this.queries.scheduleNotify(effect.key);
      case 'flush':
        this.#wake();
        // One that cannot be sent does not keep the others from being sent.
        for (const message of this.writes.dequeue()) guarded(() => this.#uplink.send(message), (error) => this.report(error)); // prettier-ignore
        return;
      case 'settle':
        return this.writes.settle(effect.eventId, effect.error);
      case 'prune':
        return this.writes.prune();
      case 'announce':
        return effect.what === 'outbox' ? this.outbox.notify() : void this.events.emit(effect.what);
      case 'call':
        return guarded(effect.listener, (error) => this.report(error));
      case 'expire':
        return void this.account.setUser(undefined).catch((error: unknown) => this.report(asError(error)));
      case 'report':
        return this.report(effect.error);
      case 'tell':
        return this.#tabSync.broadcast(effect.message);
      case 'keep':
        return this.#queryCache.markDirty(effect);
      case 'release':
        return this.#queryCache.release(effect.writes);
      case 'forget':
        return this.#queryCache.clear();
      case 'ready':
        return this.#uplink.ready();
      case 'unprotected':
        this.config.log.warn(unprotectedText);
        return this.#uplink.announce();
      case 'restart':
        return this.#uplink.restart();
      case 'refuse':
        return this.#uplink.rejected(effect.error);
      case 'verify':
        return void verifyApplied(this, effect.write, effect.error);
    }
  }
}
