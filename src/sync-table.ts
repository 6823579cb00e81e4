// A whole namespace kept in step: `db.subscribeTable`. What does it is loaded with the first call.

import { QueryValidationError } from './errors.ts';
import { onAbort } from './lib/abort.ts';
import { isObject } from './protocol/check.ts';
import type { WireQuery } from './protocol/query-messages.ts';
import { Part } from './reactor/part.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { SyncTableDesk } from './reactor/sync-table-desk.ts';
import type { TableListener } from './reactor/sync-tables.ts';
import { asError } from './reactor/trouble.ts';

/** What ends it; `keepSubscription`: what is on the device is kept, and the next call goes on from there. */
export type StopTable = (opts?: { keepSubscription?: boolean | null | undefined } | null) => void;

export class SyncTable {
  readonly #reactor: Reactor;
  readonly #desk: Part<SyncTableDesk>;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
    this.#desk = new Part(async () => {
      // After the way out, which has the order of rows that it needs.
      const { tableDesk } = await import('./outside-for.ts');
      return new (await tableDesk()).SyncTableDesk(reactor, reactor.account.loaded);
    });
  }

  /** @throws QueryValidationError for more than a namespace and its order */
  subscribe(query: WireQuery, listener: TableListener, signal?: AbortSignal): StopTable {
    if (!isTable(query)) throw new QueryValidationError('A table is one namespace, and at most its order');
    this.#reactor.assertOpen();
    const watch = this.#desk.load().then((desk) => desk.watch(query, listener));
    watch.catch((error: unknown) => this.#reactor.report(asError(error)));
    const stop: StopTable = (opts) => void watch.then((end) => end(opts?.keepSubscription ?? false)).catch(() => {});
    const letGo = onAbort(signal, () => stop());
    return (opts) => {
      letGo();
      stop(opts);
    };
  }
}

/** An object with no other keys. */
function holds<Key extends string>(value: unknown, only: Key): value is { readonly [K in Key]?: unknown } {
  return isObject(value) && Object.keys(value).every((key) => key === only);
}

function isTable(query: WireQuery): boolean {
  const [form, ...others] = Object.values(query);
  return others.length === 0 && holds(form, '$') && holds(form.$ ?? {}, 'order');
}
