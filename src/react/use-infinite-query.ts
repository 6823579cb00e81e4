// `db.useInfiniteQuery`: a list loaded page by page. Each component has its own list with its own pages.

import { useState } from 'react';
import { type InstaQLOptions, weakHash } from 'triplane';
import type { ExternalStore } from './external-store.ts';
import { keepAlive } from './keep-alive.ts';
import type { RuleOptions } from './query-stores.ts';
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
  const make = () => ({ core, key, store: listOf(core, query, options?.ruleParams && { ruleParams: options.ruleParams }) });
  // State instead of a memo: Fast Refresh recomputes memos, which would drop the loaded pages.
  const [current, setCurrent] = useState(make);
  // Compares keys, because callers create an equal query object on every render.
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
