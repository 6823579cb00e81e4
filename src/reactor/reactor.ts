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
import type { Edit } from '../storage/key-value.ts';
import type { ConnectionStatus } from '../types/database.ts';
import { Account } from './account.ts';
import { Alarm, earliest } from './alarm.ts';
import { safely } from './audience.ts';
import { Catalogue } from './catalogue.ts';
import type { ReactorConfig, ReactorEvents } from './config.ts';
import type { Effect } from './effect.ts';
import { Extras } from './extras.ts';
import { Journal } from './journal.ts';
import { LocalIds } from './local-ids.ts';
import type { Organs } from './organs.ts';
import type { Inside, OpenOutside, Outside } from './outside.ts';
import { OutboxDesk } from './outbox-desk.ts';
import { Outbox } from './outbox.ts';
import type { Part } from './part.ts';
import { QueryDesk } from './query-desk.ts';
import { Replies } from './replies.ts';
import { RoomDoor } from './room-door.ts';
import { Session } from './session.ts';
import { asError, closedError, overdueError } from './trouble.ts';
import { WriteDesk } from './write-desk.ts';

/** So long after the way out could not be loaded it is tried again. */
const tryAgainMs = 5_000;

/** How the way out comes to be there. */
export interface Loading extends Pick<Part<OpenOutside>, 'here' | 'load'> {
  /** It never will. */
  giveUp?(): void;
}

export class Reactor implements Inside {
  readonly config: ReactorConfig;
  readonly organs: Organs;
  readonly replies = new Replies();
  readonly events = new EventEmitter<ReactorEvents>();
  readonly queries: QueryDesk;
  readonly writes: WriteDesk;
  readonly outbox: OutboxDesk;
  readonly rooms: RoomDoor;
  readonly localIds: LocalIds;
  readonly account: Account;
  readonly #journal: Journal;
  readonly #alarm: Alarm;
  #isAwake = false;
  /** What is to be kept is kept all the same, and other tabs are told of it. */
  #isShutDown = false;
  #closed: Promise<void> | undefined;
  #outside: Outside | undefined;
  /** When there is a way out, or never will be, and it is known who goes it. */
  readonly #opened: Promise<void>;
  #stopWaiting = (): void => {};

  /** @param outside what is behind the first wait: loaded while the store is opened */
  constructor(config: ReactorConfig, outside: Loading) {
    this.config = config;
    this.organs = organsFor(config);
    this.queries = new QueryDesk(this);
    this.writes = new WriteDesk(this);
    this.outbox = new OutboxDesk(this);
    this.rooms = new RoomDoor(this);
    this.localIds = new LocalIds(config.store, config.random);
    this.#alarm = new Alarm(config.clock, () => this.#ring());
    this.#journal = new Journal(config.store, { saved: (edits) => this.#saved(edits), failed: (error) => this.report(error) });
    this.account = new Account(this, this.writes);
    this.#opened = this.#open(outside);
    if (!config.startsWhenUsed) this.#wake();
  }

  get isReady(): boolean {
    return this.#outside?.isReady ?? false;
  }

  get isSender(): boolean {
    return this.#outside?.isSender ?? false;
  }

  get isOpen(): boolean {
    return !this.#isShutDown;
  }

  get isLoaded(): boolean {
    return this.account.isLoaded;
  }

  get status(): ConnectionStatus {
    return this.#outside?.status ?? (this.#isShutDown ? 'closed' : 'connecting');
  }

  /** Undefined before the server has told. */
  get appStatus(): AppStatus | undefined {
    return this.organs.session.appStatus;
  }

  run(effects: readonly Effect[]): void {
    for (const effect of effects) if (!this.#isShutDown || effect.do === 'store' || effect.do === 'tell') this.#perform(effect);
    if (this.#isShutDown) return;
    const { queries, outbox, extras } = this.organs;
    this.#alarm.set(earliest(this.replies.nextDue(), outbox.nextDue(), queries?.nextDue(), extras.nextDue(), this.#outside?.nextDue()));
  }

  recall(key: string): void {
    void this.#opened.then(() => this.#outside?.recall(key));
  }

  ask(query: WireQuery): Promise<QueryResult> {
    return this.queries.once(query);
  }

  takeBack(key: string): boolean {
    return this.#journal.takeBack(key);
  }

  async call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    this.assertOpen();
    return this.replies.call(run, signal);
  }

  report(error: Error): void {
    this.events.emit('fact', 'error', error);
    safely(
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
  async outside(): Promise<Outside | undefined> {
    await this.#opened;
    return this.#outside;
  }

  async #close(): Promise<void> {
    this.run(this.organs.extras.tell((extra) => extra.shutDown?.(closedError())));
    this.#isShutDown = true;
    this.#stopWaiting();
    const stopped = this.#outside ? this.#outside.hangUp() : void this.events.emit('status', 'closed');
    this.#alarm.set(undefined);
    this.queries.shutDown();
    this.replies.shutDown();
    this.events.removeAllListeners();
    // Writes that were made before it was known whose they are.
    if (this.organs.outbox.size > 0) await this.#opened;
    await this.#journal.end().catch((error: unknown) => this.config.log.warn('the store could not be closed', error));
    this.replies.setAside(new TriplaneError('closed', 'The database was shut down before the server confirmed the write'));
    // Not before: whoever sends next reads what is kept.
    await Promise.all([stopped, this.#outside?.hangUp(), this.#outside?.leave()]);
  }

  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    void this.#opened.then(() => this.#isShutDown || this.#outside?.start());
  }

  /** Tried until it is there: meanwhile what is written is kept, and nothing is sent. */
  async #open(outside: Loading): Promise<void> {
    const { clock } = this.config;
    for (let isNews = true; !this.#outside && this.isOpen; isNews = false) {
      try {
        const open = outside.here ?? (await outside.load());
        // Closed meanwhile: what was written is still to be kept, and other tabs are to hear of it.
        if (this.isOpen || this.organs.outbox.size > 0) this.#outside = open(this);
      } catch (error) {
        if (!this.isOpen) break;
        if (isNews) this.report(asError(error));
        await new Promise<void>((again) => {
          const timer = clock.setTimeout(again, tryAgainMs);
          this.#stopWaiting = () => {
            clock.clearTimeout(timer);
            again();
          };
        });
      }
    }
    if (!this.#outside) outside.giveUp?.();
    await this.account.loaded;
  }

  #ring(): void {
    const { queries, extras } = this.organs;
    const nowMs = this.config.clock.now();
    this.#outside?.due(nowMs);
    this.replies.due(nowMs, () => overdueError(this.config, this.status));
    this.run([...(queries?.due(nowMs, this.config.random) ?? []), ...extras.tell((extra) => extra.due(nowMs)), { do: 'flush' }]);
  }

  #saved(edits: readonly Edit[]): void {
    this.events.emit('fact', 'saved', edits);
    this.writes.saved(edits);
  }

  #perform(effect: Effect): void {
    this.events.emit('fact', 'effect', effect);
    switch (effect.do) {
      case 'send':
        return this.isReady ? this.#outside?.perform(effect) : this.#wake();
      case 'store':
        return this.#journal.add(effect.edits);
      case 'show':
        return this.queries.show(effect.key);
      case 'flush':
        this.#wake();
        return this.writes.take().forEach((message) => this.#outside?.say(message));
      case 'settle':
        return this.writes.settle(effect.eventId, effect.error);
      case 'prune':
        return this.writes.prune();
      case 'announce':
        return effect.what === 'outbox' ? this.outbox.changed() : void this.events.emit(effect.what);
      case 'call':
        return safely(effect.listener, (error) => this.report(error));
      case 'expire':
        return void this.account.setUser(undefined).catch((error: unknown) => this.report(asError(error)));
      case 'report':
        return this.report(effect.error);
      case 'tell':
        return this.#outside ? this.#outside.perform(effect) : void this.#opened.then(() => this.#outside?.perform(effect));
      default:
        return this.#outside?.perform(effect);
    }
  }
}

function organsFor(config: ReactorConfig): Organs {
  return {
    session: new Session(config),
    catalogue: new Catalogue(),
    outbox: new Outbox(),
    refusals: new Map(),
    queries: undefined,
    extras: new Extras(),
  };
}
