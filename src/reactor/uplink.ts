// The Reactor's way out: the line to the server, the other tabs, the answers kept on the device. None of it matters before the store is
// open, so it is loaded meanwhile, and a page that shows something first does not wait for its code.

import { Connection } from '../connection/connection.ts';
import type { Transport } from '../connection/transport.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { RemoveQuery } from '../protocol/query-messages.ts';
import type { Tabs } from './tabs/tab-channel.ts';
import type { ConnectionStatus } from '../types/database.ts';
import type { Account } from './account.ts';
import { QueryCache } from './queries/query-cache.ts';
import type { ClientContext, OpenClientContext, UplinkPort } from './context.ts';
import type { Effect } from './effect.ts';
import { LiveQueries } from './queries/live-queries.ts';
import type { QueryApi } from './queries/query-api.ts';
import { receiveMessage } from './receive.ts';
import { TabSync } from './tabs/tab-sync.ts';
import { unreachableError } from './client-errors.ts';
import { verifyApplied } from './mutations/reject.ts';
import type { MutationApi } from './mutations/mutation-api.ts';

export interface Platform {
  /** The first is the best one. */
  readonly transports: readonly Transport[];
  readonly tabs: Tabs;
}

/** What stands behind. */
export interface ReactorContext extends ClientContext {
  readonly account: Account;
  readonly writes: MutationApi;
  readonly queries: QueryApi;
}

export type OpenUplink = (context: ReactorContext) => Uplink;

export type UplinkEffect = Extract<
  Effect,
  { readonly do: 'send' | 'keep' | 'forget' | 'tell' | 'ready' | 'restart' | 'refuse' | 'verify' }
>;

export class Uplink implements UplinkPort {
  readonly #context: ReactorContext & OpenClientContext;
  readonly #connection: Connection;
  readonly #queryCache: QueryCache;
  readonly #tabs: Tabs;
  readonly #tabSync: TabSync;
  /** Lines in a row that came to nothing. */
  #failedAttempts = 0;

  constructor(context: ReactorContext, { transports, tabs }: Platform) {
    openQueries(context);
    this.#context = context;
    this.#connection = this.#connect(transports);
    this.#queryCache = new QueryCache(context);
    this.#tabs = tabs;
    this.#tabSync = new TabSync(context, tabs, context.account, context.writes);
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  get isLeader(): boolean {
    return this.#tabs.isLeader;
  }

  get status(): ConnectionStatus {
    return this.#connection.status;
  }

  start(): void {
    this.#connection.start();
  }

  hydrate(key: string): void {
    const live = this.#context.state.queries.get(key);
    if (live) void this.#queryCache.hydrate(live);
  }

  /** Where tabs cannot claim anything, each has everything. */
  async acquire(name: string): Promise<boolean> {
    return this.#tabs.acquire?.(name) ?? true;
  }

  nextDeadline(): number | undefined {
    return this.#queryCache.nextDeadline();
  }

  onDeadline(nowMs: number): void {
    this.#queryCache.onDeadline(nowMs);
  }

  send(message: ClientMessage): void {
    this.#context.events.emit('fact', 'said', message);
    this.#connection.send(message);
  }

  perform(effect: UplinkEffect): void {
    switch (effect.do) {
      case 'send':
        return this.send(effect.message);
      case 'keep':
        return this.#queryCache.markDirty(effect);
      case 'forget':
        return this.#queryCache.clear();
      case 'tell':
        return this.#tabSync.broadcast(effect.message);
      case 'ready':
        return this.#connection.ready();
      case 'restart':
        return this.#connection.restart();
      case 'refuse':
        return this.#connection.rejected(effect.error);
      case 'verify':
        return void verifyApplied(this.#context, effect.write, effect.error);
    }
  }

  /** For good. The line is quiet at once, and gone when it resolves. */
  disconnect(): Promise<void> {
    this.#queryCache.clear();
    return this.#connection.stop();
  }

  /** Another tab sends from here on. */
  releaseTabs(): Promise<void> {
    return this.#tabSync.close();
  }

  #connect(transports: readonly Transport[]): Connection {
    const context = this.#context;
    const { config, state } = context;
    const { clock, random } = config;
    const probe = (): RemoveQuery => ({ op: 'remove-query', 'client-event-id': random.eventId(), q: { $$probe: {} } });
    return new Connection(
      { ...config, transports, probe },
      {
        opened: () => this.send(state.session.init(random.eventId())),
        message: (message) => {
          context.events.emit('fact', 'heard', message);
          context.run(receiveMessage(state, message, { nowMs: clock.now(), random }));
        },
        down: () => this.#onDisconnect(),
        status: (status) => this.#statusChanged(status),
        fault: (error) => context.report(error),
      },
    );
  }

  #onDisconnect(): void {
    const { outbox, queries, features } = this.#context.state;
    outbox.onDisconnect();
    queries.onDisconnect();
    this.#context.run(features.collect((feature) => feature.onDisconnect()));
  }

  #statusChanged(status: ConnectionStatus): void {
    const { config, events, isOpen } = this.#context;
    events.emit('status', status);
    events.emit('fact', 'status', status);
    if (status === 'authenticated') this.#failedAttempts = 0;
    if (status !== 'closed' || !isOpen || !config.network.isOnline()) return;
    // A line may break; that the next one does not come about either is news, once.
    if (++this.#failedAttempts === 2) this.#context.report(unreachableError(config.serverName));
  }
}

/** What has been asked and written by now can be answered and shown from here on. */
function openQueries(context: ReactorContext): asserts context is ReactorContext & OpenClientContext {
  const { state, config } = context;
  const { links, useDates, clock } = config;
  const queries = (state.queries = new LiveQueries(state.catalog.known, { links, useDates, now: () => clock.now() }));
  queries.rewrite(state.outbox.unblocked());
  context.run([...context.queries.subscriptions.values()].flatMap((prepared) => queries.open(prepared)));
}
