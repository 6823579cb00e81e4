// A whole namespace kept in step: `db.subscribeTable`. What does it is loaded with the first call.

import { QueryValidationError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import { isObject } from '../lib/json.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { Lazy } from '../reactor/lazy.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { TableApi } from '../reactor/tables/table-api.ts';
import type { TableListener } from '../reactor/tables/sync-tables.ts';
import { asError } from '../reactor/client-errors.ts';

/** What ends it; `keepSubscription`: what is on the device is kept, and the next call goes on from there. */
export type StopTable = (opts?: { keepSubscription?: boolean | null | undefined } | null) => void;

export class SyncTable {
  readonly #reactor: Reactor;
  readonly #api: Lazy<TableApi>;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
    this.#api = new Lazy(async () => {
      // After the way out, which has the order of rows that it needs.
      const { loadTableApi } = await import('./create-client.ts');
      return new (await loadTableApi()).TableApi(reactor, reactor.account.loaded);
    });
  }

  /** @throws QueryValidationError for more than a namespace and its order */
  subscribe(query: WireQuery, listener: TableListener, signal?: AbortSignal): StopTable {
    if (!isTable(query)) throw new QueryValidationError('A table is one namespace, and at most its order');
    this.#reactor.assertOpen();
    const subscription = this.#api.load().then((api) => api.subscribe(query, listener));
    subscription.catch((error: unknown) => this.#reactor.report(asError(error)));
    const stop: StopTable = (opts) => void subscription.then((end) => end(opts?.keepSubscription ?? false)).catch(() => {});
    const unlinkSignal = onAbort(signal, () => stop());
    return (opts) => {
      unlinkSignal();
      stop(opts);
    };
  }
}

/** An object with no other keys. */
function hasOnlyKey<Key extends string>(value: unknown, only: Key): value is { readonly [K in Key]?: unknown } {
  return isObject(value) && Object.keys(value).every((key) => key === only);
}

function isTable(query: WireQuery): boolean {
  const [node, ...others] = Object.values(query);
  return others.length === 0 && hasOnlyKey(node, '$') && hasOnlyKey(node.$ ?? {}, 'order');
}
