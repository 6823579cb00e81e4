// `db.useSuspenseQuery` for Next.js: runs the query during server-side rendering, hydrates with the same result, and is live in the
// browser.

import { useContext, useMemo, useSyncExternalStore } from 'react';
import { type InstaQLOptions, weakHash } from 'triplane';
import type { QueryState, QueryStore } from 'triplane/react';
import type { HydratedResults } from './hydration.ts';
import { isServer } from '../lib/is-server.ts';
import { PageContext } from './page-context.ts';

type GetQueryStore = (query: object, options: InstaQLOptions | undefined) => QueryStore;

export function useSuspenseQuery(getQueryStore: GetQueryStore, query: object, options: InstaQLOptions | undefined): QueryState {
  const page = useContext(PageContext);
  if (isServer) {
    if (!page?.queryCache)
      throw new Error('On the server, useSuspenseQuery requires <InstantSuspenseProvider db={db}> above the component');
    const fullQuery = options?.ruleParams ? { $$ruleParams: options.ruleParams, ...query } : query;
    return { isLoading: false, error: undefined, ...page.queryCache.read(weakHash(fullQuery), fullQuery) };
  }
  const store = getQueryStore(query, options);
  const hydrated = page?.hydrated;
  const { subscribe, read, readOnServer } = useMemo(() => storeDuringHydration(store, hydrated), [store, hydrated]);
  const state = useSyncExternalStore(subscribe, read, readOnServer);
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- Suspense in React 18 and 19
  if (state.data === undefined && store.isWaiting()) throw store.whenLoaded();
  if (state.error) throw state.error;
  return state;
}

function storeDuringHydration(
  store: QueryStore,
  hydrated: HydratedResults | undefined,
): Pick<QueryStore, 'subscribe' | 'read' | 'readOnServer'> {
  const result = hydrated?.get(store.key);
  return hydrated && result ? hydrated.storeFor(store, result) : { ...store, read: store.reader() };
}
