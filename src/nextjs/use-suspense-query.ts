// What a query is answered, for components that are only drawn when it is: on the server and, with the same answer, in the browser, where it
// goes on live.

import { useContext, useMemo, useSyncExternalStore } from 'react';
import { type InstaQLOptions, weakHash } from 'triplane';
import type { QueryStore, QueryState } from 'triplane/react';

import type { HydratedResults } from './hydration.ts';
import { isServer, PageContext } from './page-context.ts';

type GetQueryStore = (query: object, options: InstaQLOptions | undefined) => QueryStore;

export function useSuspenseQuery(getQueryStore: GetQueryStore, query: object, options: InstaQLOptions | undefined): QueryState {
  const page = useContext(PageContext);
  if (isServer) {
    if (!page?.queryCache) throw new Error('On a server useSuspenseQuery is answered below <InstantSuspenseProvider db={db}> only');
    const fullQuery = options?.ruleParams ? { $$ruleParams: options.ruleParams, ...query } : query;
    return { isLoading: false, error: undefined, ...page.queryCache.read(weakHash(fullQuery), fullQuery) };
  }
  const store = getQueryStore(query, options);
  const hydrated = page?.hydrated;
  const { subscribe, read, readOnServer } = useMemo(() => storeDuringHydration(store, hydrated), [store, hydrated]);
  const state = useSyncExternalStore(subscribe, read, readOnServer);
  if (state.error) throw state.error;
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- so one waits in React, 18 and 19
  if (state.isLoading) throw store.whenLoaded();
  return state;
}

function storeDuringHydration(
  store: QueryStore,
  hydrated: HydratedResults | undefined,
): Pick<QueryStore, 'subscribe' | 'read' | 'readOnServer'> {
  const result = hydrated?.get(store.key);
  return hydrated && result ? hydrated.storeFor(store, result) : store;
}
