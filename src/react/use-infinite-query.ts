// A list that is loaded page by page: `db.useInfiniteQuery`. Each component has its own, as far as it has been loaded.

import { useState } from 'react';
import { type InstaQLOptions, weakHash } from 'triplane';

import type { RuleOptions } from './query-stores.ts';
import type { AnyCore } from './types.ts';
import { keepAlive } from './keep-alive.ts';
import type { ExternalStore } from './external-store.ts';
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
  const make = () => ({ core, key, store: listOf(core, query, options?.ruleParams && { ruleParams: options.ruleParams }) });
  // State and no memo, which Fast Refresh makes anew: the pages that were loaded would be gone.
  const [current, setCurrent] = useState(make);
  // The key stands for the query: an equal one, written anew each time, is the same list.
  const isCurrent = current.core === core && current.key === key;
  const list = isCurrent ? current : make();
  if (!isCurrent) setCurrent(list);
  return useExternalStore(list.store);
}

function listOf(core: AnyCore, query: object | null, options: InstaQLOptions | undefined): ExternalStore<ListState> {
  let list: ReturnType<AnyCore['subscribeInfiniteQuery']> | undefined;
  const loadNextPage = (): void => list?.loadNextPage();
  const loading: ListState = { isLoading: true, data: undefined, error: undefined, canLoadNextPage: false, loadNextPage };
  let state = loading;
  const begin = (changed: () => void): (() => void) => {
    if (!query) return () => {};
    const onUpdate = (update: object): void => {
      state = { ...loading, ...update, isLoading: false };
      changed();
    };
    list = core.subscribeInfiniteQuery(query as never, onUpdate, options);
    return list.unsubscribe;
  };
  return { ...keepAlive(begin), read: () => state, readOnServer: () => loading };
}
