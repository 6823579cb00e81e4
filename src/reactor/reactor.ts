// The conductor. Two rivers meet here: what the server says goes down to the organs and on to the listeners, what the user
// writes goes up through the outbox to the server. Only this file sends, announces and holds a timer; what is to be done is
// decided by the organs.
//
//   down  message ─▶ receive[op] ─▶ organ ─▶ effects ─▶ views ─▶ listeners
//   up    chunks ─▶ validate ─▶ expand ─▶ outbox ─▶ disk ─▶ connection
//                                           └─▶ views ─▶ listeners

import { EventEmitter } from 'eventemitter3';

import { TriplaneError } from '../errors.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import type { QueryResult } from '../query/query.ts';
import type { AppStatus } from '../protocol/session-messages.ts';
import type { KeyValueOp } from '../storage/key-value.ts';
import type { ConnectionStatus } from '../types/database.ts';
import { Account } from './account.ts';
import { DeadlineTimer, earliest } from './timer.ts';
import { guarded } from './notify.ts';
import { AttrCatalog } from './attr-catalog.ts';
import type { ReactorConfig, ReactorEvents } from './config.ts';
import type { Effect } from './effect.ts';
import { Features } from './features.ts';
import { PersistQueue } from './persist-queue.ts';
import { LocalIds } from './local-ids.ts';
import type { SyncState } from './state.ts';
import type { ReactorContext, OpenUplink, Uplink } from './uplink.ts';
import { OutboxApi } from './mutations/outbox-api.ts';
import { Outbox } from './mutations/outbox.ts';
import type { Lazy } from './lazy.ts';
import { QueryApi } from './queries/query-api.ts';
import { PendingCalls } from './pending-calls.ts';
import { LazyRoomApi } from './room-door.ts';
import { Session } from './session.ts';
import { asError, closedError, queryTimeoutError } from './client-errors.ts';
import { MutationApi } from './mutations/mutation-api.ts';

/** So long after the way out could not be loaded it is tried again. */
const retryLoadMs = 5_000;

/** How the way out comes to be there. */
export interface UplinkLoader extends Pick<Lazy<OpenUplink>, 'here' | 'load'> {
  /** It never will. */
  giveUp?(): void;
}

export class Reactor implements ReactorContext {
  readonly config: ReactorConfig;
  readonly state: SyncState;
  readonly pendingCalls = new PendingCalls();
  readonly events = new EventEmitter<ReactorEvents>();
  readonly queries: QueryApi;
  readonly writes: MutationApi;
  readonly outbox: OutboxApi;
  readonly rooms: LazyRoomApi;
  readonly localIds: LocalIds;
  readonly account: Account;
  readonly #persistQueue: PersistQueue;
  readonly #timer: DeadlineTimer;
  #isAwake = false;
  /** What is to be kept is kept all the same, and other tabs are told of it. */
  #isShutDown = false;
  #closed: Promise<void> | undefined;
  #uplink: Uplink | undefined;
  /** When there is a way out, or never will be, and it is known who goes it. */
  readonly #opened: Promise<void>;
  #stopWaiting = (): void => {};

  /** @param outside what is behind the first wait: loaded while the store is opened */
  constructor(config: ReactorConfig, uplink: UplinkLoader) {
    this.config = config;
    this.state = newSyncState(config);
    this.queries = new QueryApi(this);
    this.writes = new MutationApi(this);
    this.outbox = new OutboxApi(this);
    this.rooms = new LazyRoomApi(this);
    this.localIds = new LocalIds(config.store, config.random);
    this.#timer = new DeadlineTimer(config.clock, () => this.#onTimer());
    this.#persistQueue = new PersistQueue(config.store, {
      onPersisted: (edits) => this.#onPersisted(edits),
      onError: (error) => this.report(error),
    });
    this.account = new Account(this, this.writes);
    this.#opened = this.#open(uplink);
    if (!config.startsWhenUsed) this.#wake();
  }

  get isReady(): boolean {
    return this.#uplink?.isReady ?? false;
  }

  get isLeader(): boolean {
    return this.#uplink?.isLeader ?? false;
  }

  get isOpen(): boolean {
    return !this.#isShutDown;
  }

  get isLoaded(): boolean {
    return this.account.isLoaded;
  }

  get status(): ConnectionStatus {
    return this.#uplink?.status ?? (this.#isShutDown ? 'closed' : 'connecting');
  }

  /** Undefined before the server has told. */
  get appStatus(): AppStatus | undefined {
    return this.state.session.appStatus;
  }

  run(effects: readonly Effect[]): void {
    for (const effect of effects) if (!this.#isShutDown || effect.do === 'store' || effect.do === 'tell') this.#perform(effect);
    if (this.#isShutDown) return;
    const { queries, outbox, features } = this.state;
    this.#timer.set(
      earliest(
        this.pendingCalls.nextDeadline(),
        outbox.nextDeadline(),
        queries?.nextDeadline(),
        features.nextDeadline(),
        this.#uplink?.nextDeadline(),
      ),
    );
  }

  hydrate(key: string): void {
    void this.#opened.then(() => this.#uplink?.hydrate(key));
  }

  queryOnce(query: WireQuery): Promise<QueryResult> {
    return this.queries.once(query);
  }

  cancelPersist(key: string): boolean {
    return this.#persistQueue.cancel(key);
  }

  async call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    this.assertOpen();
    return this.pendingCalls.call(run, signal);
  }

  report(error: Error): void {
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
   * For good. At once nothing is sent, nobody is told anything, and what waits is rejected. When it resolves, what was to be kept is kept,
   * and no socket, timer, listener, lock or store is open.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  shutdown(): void {
    void this.close();
  }

  /** The way out, once there is one. */
  async uplink(): Promise<Uplink | undefined> {
    await this.#opened;
    return this.#uplink;
  }

  async #close(): Promise<void> {
    this.run(this.state.features.collect((feature) => feature.shutDown?.(closedError())));
    this.#isShutDown = true;
    this.#stopWaiting();
    const stopped = this.#uplink ? this.#uplink.disconnect() : void this.events.emit('status', 'closed');
    this.#timer.set(undefined);
    this.queries.shutDown();
    this.pendingCalls.shutDown();
    this.events.removeAllListeners();
    // Writes that were made before it was known whose they are.
    if (this.state.outbox.size > 0) await this.#opened;
    await this.#persistQueue.close().catch((error: unknown) => this.config.log.warn('the store could not be closed', error));
    this.pendingCalls.detach(new TriplaneError('closed', 'The database was shut down before the server confirmed the write'));
    // Not before: whoever sends next reads what is kept.
    await Promise.all([stopped, this.#uplink?.disconnect(), this.#uplink?.releaseTabs()]);
  }

  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    void this.#opened.then(() => this.#isShutDown || this.#uplink?.start());
  }

  /** Tried until it is there: meanwhile what is written is kept, and nothing is sent. */
  async #open(uplink: UplinkLoader): Promise<void> {
    const { clock } = this.config;
    for (let isNew = true; !this.#uplink && this.isOpen; isNew = false) {
      try {
        const open = uplink.here ?? (await uplink.load());
        // Closed meanwhile: what was written is still to be kept, and other tabs are to hear of it.
        if (this.isOpen || this.state.outbox.size > 0) this.#uplink = open(this);
      } catch (error) {
        if (!this.isOpen) break;
        if (isNew) this.report(asError(error));
        await new Promise<void>((again) => {
          const timer = clock.setTimeout(again, retryLoadMs);
          this.#stopWaiting = () => {
            clock.clearTimeout(timer);
            again();
          };
        });
      }
    }
    if (!this.#uplink) uplink.giveUp?.();
    await this.account.loaded;
  }

  #onTimer(): void {
    const { queries, features } = this.state;
    const nowMs = this.config.clock.now();
    this.#uplink?.onDeadline(nowMs);
    this.pendingCalls.onDeadline(nowMs, () => queryTimeoutError(this.config, this.status));
    this.run([
      ...(queries?.onDeadline(nowMs, this.config.random) ?? []),
      ...features.collect((feature) => feature.onDeadline(nowMs)),
      { do: 'flush' },
    ]);
  }

  #onPersisted(edits: readonly KeyValueOp[]): void {
    this.events.emit('fact', 'saved', edits);
    this.writes.onPersisted(edits);
  }

  #perform(effect: Effect): void {
    this.events.emit('fact', 'effect', effect);
    switch (effect.do) {
      case 'send':
        return this.isReady ? this.#uplink?.perform(effect) : this.#wake();
      case 'store':
        return this.#persistQueue.add(effect.edits);
      case 'show':
        return this.queries.scheduleNotify(effect.key);
      case 'flush':
        this.#wake();
        return this.writes.dequeue().forEach((message) => this.#uplink?.send(message));
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
        return this.#uplink ? this.#uplink.perform(effect) : void this.#opened.then(() => this.#uplink?.perform(effect));
      default:
        return this.#uplink?.perform(effect);
    }
  }
}

function newSyncState(config: ReactorConfig): SyncState {
  return {
    session: new Session(config),
    catalog: new AttrCatalog(),
    outbox: new Outbox(),
    rejections: new Map(),
    queries: undefined,
    features: new Features(),
  };
}
