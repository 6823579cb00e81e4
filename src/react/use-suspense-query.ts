// What a query is answered, for components that are only drawn when it is: `db.useSuspenseQuery`. Errors go to the error boundary.

import type { QueryStore, QueryState, RuleOptions } from './query-stores.ts';
import { queryStore } from './query-stores.ts';
import { type AnyCore, isServer } from './types.ts';
import { useExternalStore } from './use-external-store.ts';

export function useSuspenseQuery(core: AnyCore, query: object, options?: RuleOptions): QueryState {
  if (isServer) throw new Error('useSuspenseQuery is answered in the browser: until then its fallback shows');
  const store = queryStore(core, query, options);
  return readOrSuspend(store, useExternalStore(store));
}

export function readOrSuspend(store: QueryStore, state: QueryState): QueryState {
  if (state.error) throw state.error;
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- so one waits in React, 18 and 19
  if (state.isLoading) throw store.whenLoaded();
  return state;
}
