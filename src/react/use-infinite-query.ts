// `db.useInfiniteQuery`: a list loaded page by page. Each mounted component has its own list with its own pages.

import { useState } from 'react';
import { getInfiniteQueryInitialSnapshot, type InstaQLOptions, weakHash } from 'triplane';
import type { ExternalStore } from './external-store.ts';
import { keepAlive } from './keep-alive.ts';
import type { RuleOptions } from './query-stores.ts';
import { isServer } from '../lib/is-server.ts';
import type { AnyCore } from './types.ts';
import { useExternalStore } from './use-external-store.ts';

export interface ListState {
  readonly isLoading: boolean;
  readonly data: unknown;
  readonly error: { readonly message: string } | undefined;
  readonly canLoadNextPage: boolean;
  readonly loadNextPage: () => void;
}

export function useInfiniteQuery(core: AnyCore, query: object | null, options?: RuleOptions): ListState {
  const key = weakHash([query, options?.ruleParams]);
  const make = () => ({ core, key, store: listOf(core, key, query, options?.ruleParams && { ruleParams: options.ruleParams }) });
  // State instead of a memo: Fast Refresh recomputes memos, which would drop the loaded pages.
  const [current, setCurrent] = useState(make);
  // Compares keys, because callers create an equal query object on every render.
  const isCurrent = current.core === core && current.key === key;
  const list = isCurrent ? current : make();
  if (!isCurrent) setCurrent(list);
  return useExternalStore(list.store);
}

/** A list whose component has unmounted, for the next component with the same query: until its subscription expires. */
const idleLists = new WeakMap<AnyCore, Map<string, ExternalStore<ListState>>>();

function listOf(core: AnyCore, key: string, query: object | null, options: InstaQLOptions | undefined): ExternalStore<ListState> {
  const idle = idleLists.get(core) ?? new Map<string, ExternalStore<ListState>>();
  idleLists.set(core, idle);
  return idle.get(key) ?? newList(core, query, options, (store) => lend(idle, key, store));
}

/** Returns the calls for the first subscriber, for the last one that leaves, and for the end. */
function lend(idle: Map<string, ExternalStore<ListState>>, key: string, store: ExternalStore<ListState>): Lending {
  const remove = (): void => void (idle.get(key) === store && idle.delete(key));
  return { taken: remove, left: () => void idle.set(key, store), expired: remove };
}

interface Lending {
  readonly taken: () => void;
  readonly left: () => void;
  readonly expired: () => void;
}

function newList(
  core: AnyCore,
  query: object | null,
  options: InstaQLOptions | undefined,
  lendingOf: (store: ExternalStore<ListState>) => Lending,
): ExternalStore<ListState> {
  let list: ReturnType<AnyCore['subscribeInfiniteQuery']> | undefined;
  const loadNextPage = (): void => list?.loadNextPage();
  const loading: ListState = { isLoading: true, data: undefined, error: undefined, canLoadNextPage: false, loadNextPage };
  let state: ListState = { ...loading, ...(query && !isServer && firstPageOf(core, query, options)) };
  const begin = (changed: () => void): (() => void) => {
    if (!query) return () => {};
    const onUpdate = (update: object): void => {
      state = { ...loading, ...update, isLoading: false };
      changed();
    };
    list = core.subscribeInfiniteQuery(query as never, onUpdate, options);
    return list.unsubscribe;
  };
  const kept = keepAlive(begin, () => lending.expired());
  let subscribers = 0;
  const subscribe: typeof kept.subscribe = (changed) => {
    if (subscribers++ === 0) lending.taken();
    const stop = kept.subscribe(changed);
    return () => {
      if (--subscribers === 0) lending.left();
      stop();
    };
  };
  const store: ExternalStore<ListState> = { subscribe, read: () => state, readOnServer: () => loading };
  const lending = lendingOf(store);
  return store;
}

/** What a list begins with, if it is on the screen already: its own first page, as its other pages are not loaded. */
function firstPageOf(core: AnyCore, query: object, options: InstaQLOptions | undefined): Partial<ListState> | undefined {
  const { data, canLoadNextPage } = getInfiniteQueryInitialSnapshot(core, query as never, options) as Partial<ListState>;
  const [[etype, rows] = []] = Object.entries((data ?? {}) as Readonly<Record<string, readonly unknown[]>>);
  if (etype === undefined || !rows) return undefined;
  const limit = (query as Readonly<Record<string, { readonly $?: { readonly limit?: number } }>>)[etype]?.$?.limit ?? 10;
  return { isLoading: false, data: { [etype]: rows.slice(0, limit) }, canLoadNextPage: canLoadNextPage === true || rows.length > limit };
}
