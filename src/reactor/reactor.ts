// The conductor. Two rivers meet here: what the server says goes down to the organs and on to the listeners, what the user
// writes goes up through the outbox to the server. Only this file sends, announces and holds a timer; what is to be done is
// decided by the organs.
//
//   down  message ─▶ receive[op] ─▶ organ ─▶ effects ─▶ views ─▶ listeners
//   up    chunks ─▶ validate ─▶ expand ─▶ outbox ─▶ disk ─▶ connection
//                                           └─▶ views ─▶ listeners

import { EventEmitter } from 'eventemitter3';

import { Connection } from '../connection/connection.ts';
import type { TriplaneError } from '../errors.ts';
import type { RemoveQuery } from '../protocol/query-messages.ts';
import type { AppStatus } from '../protocol/session-messages.ts';
import type { Edit } from '../storage/key-value.ts';
import { expandChunks } from '../transact/expand.ts';
import { validateTransaction } from '../transact/validate.ts';
import type { User } from '../types/auth.ts';
import type { ConnectionStatus } from '../types/database.ts';
import { Alarm, earliest } from './alarm.ts';
import { safely } from './audience.ts';
import { Catalogue } from './catalogue.ts';
import type { ReactorConfig, ReactorEvents } from './config.ts';
import type { Back } from './desk.ts';
import type { Effect } from './effect.ts';
import { Journal } from './journal.ts';
import { LiveQueries } from './live-queries.ts';
import { LocalIds } from './local-ids.ts';
import type { Organs } from './organs.ts';
import { Outbox } from './outbox.ts';
import { QueryDesk } from './query-desk.ts';
import { receiveMessage } from './receive.ts';
import { Replies } from './replies.ts';
import { RoomDesk } from './room-desk.ts';
import { Rooms } from './rooms.ts';
import { readUser, Session, userKey } from './session.ts';
import { asError, closedError, disabledError, overdueError, readOnlyError, unreachableError } from './trouble.ts';
import type { WritePromise } from './write-promise.ts';
import { readWrite, writePrefix } from './write.ts';

export class Reactor implements Back {
  readonly config: ReactorConfig;
  readonly organs: Organs;
  readonly queries: QueryDesk;
  readonly rooms: RoomDesk;
  readonly events = new EventEmitter<ReactorEvents>();
  readonly localIds: LocalIds;
  readonly #replies = new Replies();
  readonly #journal: Journal;
  readonly #connection: Connection;
  readonly #alarm: Alarm;
  readonly #loaded: Promise<void>;
  #isLoaded = false;
  #isShutDown = false;
  #hasComplained = false;

  constructor(config: ReactorConfig) {
    this.config = config;
    this.organs = organsFor(config);
    this.queries = new QueryDesk(this, this.#replies);
    this.rooms = new RoomDesk(this);
    this.localIds = new LocalIds(config.store, config.random);
    this.#alarm = new Alarm(config.clock, () => this.#ring());
    this.#journal = new Journal(config.store, { saved: (edits) => this.#saved(edits), failed: (error) => this.report(error) });
    this.#connection = this.#connect();
    this.#loaded = this.#load();
  }

  /** @throws TransactionValidationError, TriplaneError 'closed'; what the server says of it comes with the promise */
  transact(chunks: unknown): WritePromise {
    this.assertOpen();
    const { schema, validate, random, clock } = this.config;
    const { session, outbox, queries } = this.organs;
    if (validate) validateTransaction(chunks, schema);
    const eventId = random.uuid();
    const promise = this.#replies.write(eventId, !this.#connection.isReady);
    try {
      if (!session.isWritable) throw session.appStatus === 'disabled' ? disabledError() : readOnlyError();
      const write = outbox.add(eventId, session.owner, this.#expand(chunks), clock.now());
      this.run([...queries.add(write), ...(this.#isLoaded ? [{ do: 'store', edits: outbox.save(write) } as const] : [])]);
    } catch (error) {
      this.run([{ do: 'settle', eventId, error: asError(error) }]);
    }
    return promise;
  }

  get status(): ConnectionStatus {
    return this.#connection.status;
  }

  /** Undefined before the server has told. */
  get appStatus(): AppStatus | undefined {
    return this.organs.session.appStatus;
  }

  /** Null for nobody. Undefined before the store has been read. */
  get user(): User | null | undefined {
    return this.#isLoaded ? (this.organs.session.user ?? null) : undefined;
  }

  async getUser(): Promise<User | null> {
    await this.#loaded;
    return this.organs.session.user ?? null;
  }

  /** Somebody else from here on. The writes of the one before stay on disk until they come back. */
  async setUser(user: User | undefined): Promise<void> {
    await this.#loaded;
    this.assertOpen();
    const { session, outbox, queries } = this.organs;
    const isOther = session.owner !== (user?.id ?? '');
    session.setUser(user);
    this.run([{ do: 'store', edits: [user ? { put: userKey, value: user } : { remove: userKey }] }]);
    if (isOther) {
      outbox.park();
      queries.reset();
      await this.#loadWrites();
    }
    this.#connection.restart();
    this.events.emit('auth', user ?? null);
  }

  run(effects: readonly Effect[]): void {
    if (this.#isShutDown) return;
    for (const effect of effects) this.#perform(effect);
    const { queries, outbox, rooms } = this.organs;
    this.#alarm.set(earliest(this.#replies.nextDue(), outbox.nextDue(), queries.nextDue(), rooms.nextDue()));
  }

  report(error: Error): void {
    safely(
      () => this.config.onError(error),
      (again) => this.config.log.error(again),
    );
  }

  assertOpen(): void {
    if (this.#isShutDown) throw closedError();
  }

  /** For good: no socket, timer or listener is left, and every promise is settled. */
  shutdown(): void {
    if (this.#isShutDown) return;
    this.#isShutDown = true;
    this.#connection.stop();
    this.#alarm.set(undefined);
    this.queries.shutDown();
    this.#replies.shutDown();
    this.events.removeAllListeners();
    this.#journal.end();
  }

  #connect(): Connection {
    const { clock, random } = this.config;
    const probe = (): RemoveQuery => ({ op: 'remove-query', 'client-event-id': random.eventId(), q: { $$probe: {} } });
    return new Connection(
      { ...this.config, probe },
      {
        opened: () => this.#connection.send(this.organs.session.init(random.eventId())),
        message: (message) => this.run(receiveMessage(this.organs, message, { nowMs: clock.now(), random })),
        down: () => this.#lineLost(),
        status: (status) => this.#statusChanged(status),
        fault: (error) => this.report(error),
      },
    );
  }

  #expand(chunks: unknown): ReturnType<typeof expandChunks> {
    const { schema, random, useDates } = this.config;
    const { catalogue, outbox, queries } = this.organs;
    const known = [...queries.list()].map(({ view }) => view.db);
    return expandChunks(chunks, { attrs: catalogue.withPending(outbox.makers()), schema, id: () => random.uuid(), known, useDates });
  }

  async #load(): Promise<void> {
    const { outbox, session } = this.organs;
    try {
      session.setUser(readUser(await this.config.store.get(userKey)));
      await this.#loadWrites();
    } catch (error) {
      this.report(asError(error));
    }
    this.#isLoaded = true;
    if (this.#isShutDown) return;
    const unsaved = outbox.list().filter(({ state }) => state === 'unsaved');
    this.run(outbox.adopt(unsaved, session.owner).map((write) => ({ do: 'store', edits: outbox.save(write) })));
    this.events.emit('auth', session.user ?? null);
    this.#connection.start();
  }

  async #loadWrites(): Promise<void> {
    const { outbox, queries, session } = this.organs;
    const records = await this.config.store.list(writePrefix(session.owner));
    const kept = outbox.load(records.map(([, record]) => record));
    if (kept.length > 0) this.run([...queries.rewrite(outbox.list()), { do: 'flush' }, { do: 'announce', what: 'outbox' }]);
  }

  #lineLost(): void {
    const { outbox, queries, rooms } = this.organs;
    outbox.lineLost();
    queries.lineLost();
    this.run(rooms.lineLost());
  }

  #statusChanged(status: ConnectionStatus): void {
    this.events.emit('status', status);
    if (status === 'authenticated') this.#hasComplained = false;
    if (status !== 'closed' || this.#hasComplained || this.#isShutDown) return;
    this.#hasComplained = true;
    this.report(unreachableError(this.config.serverName));
  }

  #saved(edits: readonly Edit[]): void {
    for (const edit of edits) {
      const write = 'put' in edit ? readWrite(edit.value) : undefined;
      if (!write) continue;
      this.organs.outbox.saved(write.eventId);
      this.#replies.writeSaved(write.eventId);
    }
    this.run([{ do: 'flush' }]);
  }

  #ring(): void {
    const { queries, rooms } = this.organs;
    const nowMs = this.config.clock.now();
    this.#replies.due(nowMs, () => overdueError(this.config, this.status));
    this.run([...queries.due(nowMs), ...rooms.due(nowMs), { do: 'flush' }]);
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'send':
        return this.#connection.isReady ? this.#connection.send(effect.message) : undefined;
      case 'store':
        return this.#journal.add(effect.edits);
      case 'show':
        return this.queries.show(effect.key);
      case 'flush':
        return this.#flush();
      case 'settle':
        return this.#settle(effect.eventId, effect.error);
      case 'prune':
        return this.#prune();
      case 'presence':
        return this.rooms.tellPresence(effect.roomId);
      case 'topic':
        return this.rooms.tellTopic(effect.roomId, effect.topic, effect.said);
      case 'announce':
        return void this.events.emit(effect.what);
      case 'ready':
        return this.#connection.ready();
      case 'restart':
        return this.#connection.restart();
      case 'refuse':
        return this.#connection.refused(effect.error);
      case 'expire':
        return void this.setUser(undefined).catch((error: unknown) => this.report(asError(error)));
      case 'report':
        return this.report(effect.error);
      default:
        return effect satisfies never;
    }
  }

  /** Whatever may go out goes out, in order; each stays in the outbox until it is answered. */
  #flush(): void {
    const { outbox, session } = this.organs;
    if (!this.#connection.isReady || !session.isWritable) return;
    for (const message of outbox.take(this.config.clock.now())) this.#connection.send(message);
  }

  /** A refusal that no promise tells is reported, so that it is not lost. */
  #settle(eventId: string, error: TriplaneError | undefined): void {
    const untold = this.#replies.writeSettled(eventId, error);
    if (untold) this.report(untold);
  }

  #prune(): void {
    const passed = this.organs.queries.takePassed();
    for (const eventId of passed) this.organs.outbox.remove(eventId);
  }
}

function organsFor(config: ReactorConfig): Organs {
  const { clock, random, links, useDates } = config;
  const catalogue = new Catalogue();
  return {
    session: new Session(config),
    catalogue,
    outbox: new Outbox(),
    queries: new LiveQueries(catalogue.known, { links, useDates, now: () => clock.now() }),
    rooms: new Rooms(random),
  };
}
