// Query stores: one per distinct query, shared by all components. Results are not stored here; each read takes them from the database.

import { type InstaQLOptions, TriplaneError, weakHash } from 'triplane';
import type { ExternalStore } from './external-store.ts';
import { keepAlive } from './keep-alive.ts';
import { noteWaiting, suspended } from './suspense-loop.ts';
import type { AnyCore } from './types.ts';
import { internals } from '../lib/internals.ts';

export interface QueryState {
  readonly isLoading: boolean;
  readonly data: unknown;
  readonly pageInfo: unknown;
  readonly error: Error | undefined;
}

export type RuleOptions = Partial<InstaQLOptions> | undefined;

export interface QueryStore extends ExternalStore<QueryState> {
  readonly key: string;
  /** With its rule params. */
  readonly query: object;
  /** A `read` for one component: no other one sees what it does to the arrays of its result. */
  readonly reader: () => () => QueryState;
  /** Whether there is no result yet: the query is loading, or there is no connection. */
  readonly isWaiting: () => boolean;
  /** For a component that suspends: resolves when there is data to render. Keeps the query subscribed until then. */
  readonly whenLoaded: () => Promise<void>;
}

export const loading: QueryState = { isLoading: true, data: undefined, pageInfo: undefined, error: undefined };

/** The store of `useQuery(null)`. */
export const disabledStore: Pick<QueryStore, 'subscribe' | 'read' | 'readOnServer' | 'reader'> = {
  subscribe: () => () => {},
  read: () => loading,
  readOnServer: () => loading,
  reader: () => () => loading,
};

const storesByCore = new WeakMap<AnyCore, Map<string, QueryStore>>();

/**
 * Returns the store of a query, creating it if necessary.
 *
 * @throws QueryValidationError
 */
export function queryStore(core: AnyCore, query: object, options?: RuleOptions): QueryStore {
  const stores = storesByCore.get(core) ?? new Map<string, QueryStore>();
  storesByCore.set(core, stores);
  const ruleParams = options?.ruleParams;
  const fullQuery = { ...(ruleParams && { $$ruleParams: ruleParams }), ...query };
  const key = weakHash(fullQuery);
  return stores.get(key) ?? newQueryStore(stores, key, fullQuery, core[internals].watch(query, ruleParams && { ruleParams }));
}

function newQueryStore(
  stores: Map<string, QueryStore>,
  key: string,
  query: object,
  subscription: ReturnType<AnyCore[typeof internals]['watch']>,
): QueryStore {
  const open = (changed: () => void): (() => void) => {
    stores.set(key, store);
    return subscription.subscribe(changed);
  };
  const { subscribe, release } = keepAlive(open, () => stores.delete(key));
  const reader = (): (() => QueryState) => {
    const readRaw = subscription.reader();
    let raw: ReturnType<typeof readRaw>;
    let state = loading;
    return () => {
      const now = readRaw();
      if (now !== raw) state = stateOf((raw = now));
      if (state.data !== undefined) suspended.markRead(store);
      return state;
    };
  };
  const isWaiting = (): boolean => {
    const now = subscription.read();
    return now === undefined || (now instanceof TriplaneError && now.code === 'unreachable');
  };
  const whenLoaded = (): Promise<void> => {
    noteWaiting(suspended, store, query);
    return new Promise((resolve) => {
      const stop = subscribe(() => {
        if (isWaiting()) return;
        stop();
        resolve();
      });
    });
  };
  const store: QueryStore = { key, query, subscribe, read: reader(), reader, readOnServer: () => loading, isWaiting, whenLoaded };
  stores.set(key, store);
  // A store whose component never mounts expires too.
  release();
  return store;
}

function stateOf(raw: object | undefined): QueryState {
  if (!raw) return loading;
  return { ...loading, isLoading: false, ...(raw instanceof Error ? { error: raw } : raw) };
}
