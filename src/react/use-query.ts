// `db.useQuery`: the live result of a query.

import { useMemo } from 'react';
import { disabledStore, loading, type QueryState, queryStore, type RuleOptions } from './query-stores.ts';
import { isServer } from '../lib/is-server.ts';
import { noteWaiting, rendered } from './suspense-loop.ts';
import type { AnyCore } from './types.ts';
import { useOwnReader, useStoreSelector } from './use-external-store.ts';

type Select = (data: unknown) => unknown;
export type QueryOptions = RuleOptions & { readonly select?: ((data: never) => unknown) | undefined };

export function useQuery(core: AnyCore, query: object | null, options?: QueryOptions): QueryState {
  const store = query && !isServer ? queryStore(core, query, options) : undefined;
  const select = options?.select as Select | undefined;
  const { of, merge } = useMemo(() => (select ? selectedPart(select) : wholeState()), [select]);
  const state = useStoreSelector(useOwnReader(store ?? disabledStore), of, merge);
  if (store) {
    if (state.isLoading) noteWaiting(rendered, store, store.query);
    else rendered.markRead(store);
  }
  return state;
}

interface StateSelector {
  readonly of: (state: QueryState) => QueryState;
  readonly merge?: (rendered: QueryState, state: QueryState) => QueryState;
}

function selectedPart(select: Select): StateSelector {
  return { of: (state) => (state.data === undefined ? state : { ...state, data: select(state.data), pageInfo: undefined }) };
}

/** Page info changes with nearly every write, but few components read it: only those re-render for it. */
function wholeState(): StateSelector {
  let newest = loading;
  let readsPageInfo = false;
  const of = (state: QueryState): QueryState => {
    newest = state;
    return Object.defineProperty({ ...state }, 'pageInfo', {
      enumerable: true,
      get: () => {
        readsPageInfo = true;
        return newest.pageInfo;
      },
    });
  };
  const merge = (rendered: QueryState, state: QueryState): QueryState =>
    !readsPageInfo && rendered.isLoading === state.isLoading && rendered.data === state.data && rendered.error === state.error
      ? rendered
      : state;
  return { of, merge };
}
