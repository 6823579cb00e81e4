// `db.subscribeTable`: synchronizes a whole namespace. The implementation loads with the first call.

import { QueryValidationError, type TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import { isObject } from '../lib/json.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { loadTables } from './lazy-features.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { TableApi } from '../reactor/tables/table-api.ts';
import type { TableListener } from '../reactor/tables/sync-tables.ts';
import { asError } from '../reactor/client-errors.ts';
import { guarded } from '../reactor/notify.ts';

/** Ends the subscription. With `keepSubscription` the data stays on the device, and the next call continues from it. */
export type StopTable = (opts?: { keepSubscription?: boolean | null | undefined } | null) => void;

export class SyncTable {
  readonly #reactor: Reactor;
  #api: TableApi | undefined;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  /** @throws QueryValidationError if the query has anything but one namespace and its order */
  subscribe(query: WireQuery, listener: TableListener, signal?: AbortSignal): StopTable {
    if (!isTable(query)) throw new QueryValidationError('The query of a table has one namespace and at most an order');
    this.#reactor.assertOpen();
    let isStopped = false;
    const subscription = this.#load().then((api) => api.subscribe(query, listener));
    subscription.catch((error: unknown) => {
      if (!isStopped && this.#reactor.isOpen) this.#fail(query, listener, asError(error));
    });
    const stop: StopTable = (opts) => {
      isStopped = true;
      subscription.then((end) => end(opts?.keepSubscription ?? false)).catch(() => {});
    };
    const unlinkSignal = onAbort(signal, () => stop());
    return (opts) => {
      unlinkSignal();
      stop(opts);
    };
  }

  async #load(): Promise<TableApi> {
    const { TableApi } = await loadTables();
    return (this.#api ??= new TableApi(this.#reactor));
  }

  /** The subscription could not start: reported to its listener, like a rejection by the server. */
  #fail(query: WireQuery, listener: TableListener, { message, hint, code }: TriplaneError): void {
    const [etype = ''] = Object.keys(query);
    guarded(
      () => listener({ type: 'Error', data: { [etype]: [] }, error: { message, hint, type: code, status: 0 } }),
      (error) => this.#reactor.report(error),
    );
  }
}

/** Whether the object has no other keys. */
function hasOnlyKey<Key extends string>(value: unknown, only: Key): value is { readonly [K in Key]?: unknown } {
  return isObject(value) && Object.keys(value).every((key) => key === only);
}

function isTable(query: WireQuery): boolean {
  const [node, ...others] = Object.values(query);
  return others.length === 0 && hasOnlyKey(node, '$') && hasOnlyKey(node.$ ?? {}, 'order');
}
