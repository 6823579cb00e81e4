// A list that is loaded page by page: `db.useInfiniteQuery`. Each component has its own, as far as it has been loaded.

import { useState } from 'react';
import { type InstaQLOptions, weakHash } from 'triplane';

import type { RuleOptions } from './answers.ts';
import type { AnyCore } from './core.ts';
import { lingering } from './lingering.ts';
import type { Source } from './source.ts';
import { useSource } from './use-source.ts';

export interface ListState {
  readonly isLoading: boolean;
  readonly data: unknown;
  readonly error: { readonly message: string } | undefined;
  readonly canLoadNextPage: boolean;
  readonly loadNextPage: () => void;
}

export function useInfiniteQuery(core: AnyCore, query: object | null, options?: RuleOptions): ListState {
  const key = weakHash([query, options?.ruleParams]);
  const make = () => ({ core, key, source: listOf(core, query, options?.ruleParams && { ruleParams: options.ruleParams }) });
  // State and no memo, which Fast Refresh makes anew: the pages that were loaded would be gone.
  const [held, hold] = useState(make);
  // The key stands for the query: an equal one, written anew each time, is the same list.
  const isHeld = held.core === core && held.key === key;
  const list = isHeld ? held : make();
  if (!isHeld) hold(list);
  return useSource(list.source);
}

function listOf(core: AnyCore, query: object | null, options: InstaQLOptions | undefined): Source<ListState> {
  let list: ReturnType<AnyCore['subscribeInfiniteQuery']> | undefined;
  const loadNextPage = (): void => list?.loadNextPage();
  const loading: ListState = { isLoading: true, data: undefined, error: undefined, canLoadNextPage: false, loadNextPage };
  let state = loading;
  const begin = (changed: () => void): (() => void) => {
    if (!query) return () => {};
    const told = (news: object): void => {
      state = { ...loading, ...news, isLoading: false };
      changed();
    };
    list = core.subscribeInfiniteQuery(query as never, told, options);
    return list.unsubscribe;
  };
  return { ...lingering(begin), read: () => state, readOnServer: () => loading };
}
