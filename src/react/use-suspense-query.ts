// `db.useSuspenseQuery`: the result of a query, for components that render only with data. Errors go to the error boundary.

import { type QueryState, queryStore, type RuleOptions } from './query-stores.ts';
import { isServer } from '../lib/is-server.ts';
import type { AnyCore } from './types.ts';
import { useExternalStore, useOwnReader } from './use-external-store.ts';

export function useSuspenseQuery(core: AnyCore, query: object, options?: RuleOptions): QueryState {
  if (isServer)
    throw new Error('useSuspenseQuery has no data on the server: the Suspense fallback is rendered until the browser takes over');
  const store = queryStore(core, query, options);
  const state = useExternalStore(useOwnReader(store));
  if (state.data !== undefined) return state;
  // Without a connection there is nothing to render: the fallback stays until there is.
  if (state.error && !store.isWaiting()) throw state.error;
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- Suspense in React 18 and 19
  throw store.whenLoaded();
}
