// `db.useSuspenseQuery`: the result of a query, for components that render only with data. Errors go to the error boundary.

import { type QueryState, type QueryStore, queryStore, type RuleOptions } from './query-stores.ts';
import { type AnyCore, isServer } from './types.ts';
import { useExternalStore } from './use-external-store.ts';

export function useSuspenseQuery(core: AnyCore, query: object, options?: RuleOptions): QueryState {
  if (isServer)
    throw new Error('useSuspenseQuery has no data on the server: the Suspense fallback is rendered until the browser takes over');
  const store = queryStore(core, query, options);
  return readOrSuspend(store, useExternalStore(store));
}

export function readOrSuspend(store: QueryStore, state: QueryState): QueryState {
  if (state.error) throw state.error;
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- Suspense in React 18 and 19
  if (state.isLoading) throw store.whenLoaded();
  return state;
}
