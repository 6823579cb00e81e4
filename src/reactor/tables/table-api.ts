// Subscriptions to sync tables. Loaded with the first one.

import type { WireQuery } from '../../protocol/query-messages.ts';
import { queryKey } from '../../query/key.ts';
import { asError } from '../client-errors.ts';
import type { ClientContext } from '../context.ts';
import { type CachedTable, readCached, tablePrefix } from './table-cache.ts';
import { SyncTables, type TableListener } from './sync-tables.ts';

export class TableApi {
  readonly #context: ClientContext;
  readonly #tables: SyncTables;
  /** Tables whose stored copy this tab continues from. Two tabs on one copy would each miss the other's changes. */
  readonly #owned = new Set<string>();

  constructor(context: ClientContext) {
    this.#context = context;
    this.#tables = context.state.features.install(new SyncTables(context.config.random, context.config.useDates));
  }

  /** Calls back with the stored rows, then with every change. Returns an unsubscribe function; with `isKept` the rows stay stored. */
  subscribe(query: WireQuery, listener: TableListener): (keepCache: boolean) => void {
    let isStopped = false;
    // A new object, because the same function may subscribe twice.
    const own: TableListener = (event) => {
      if (!isStopped) listener(event);
    };
    const started = this.#begin(query, own, () => isStopped).catch((error: unknown) => this.#context.report(asError(error)));
    return (keepCache) => {
      isStopped = true;
      void started.then(() => this.#context.run(this.#tables.unsubscribe(query, own, this.#context.state.session.owner, keepCache)));
    };
  }

  async #begin(query: WireQuery, listener: TableListener, isStopped: () => boolean): Promise<void> {
    await this.#context.account.loaded;
    const key = queryKey(query);
    const cached = this.#tables.has(key) ? undefined : await this.#loadCached(key);
    if (isStopped()) return;
    this.#context.run(this.#tables.subscribe(query, listener, this.#context.state.catalog.known, cached, this.#owned.has(key)));
  }

  /** A failing store must not prevent loading from the server. */
  async #loadCached(key: string): Promise<CachedTable | undefined> {
    const { state, config } = this.#context;
    const { owner } = state.session;
    const prefix = tablePrefix(owner, key);
    try {
      if (!this.#owned.has(key) && (await this.#context.acquire(`table/${key}`))) this.#owned.add(key);
      const { cached, stale } = readCached(await config.store.list(prefix), prefix);
      if (this.#owned.has(key) && stale.length > 0) this.#context.run([{ do: 'store', edits: stale }]);
      return owner === state.session.owner ? cached : undefined;
    } catch (error) {
      this.#context.report(asError(error, 'storage-failed'));
      return undefined;
    }
  }
}
