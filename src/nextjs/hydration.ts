// In the browser: the results that arrived with the page. Each is used until the live query has a result, and never again afterwards,
// except to hydrate remaining parts of the page as they were rendered.

import type { InstantCoreDatabase, User } from 'triplane';
import type { QueryState, QueryStore } from 'triplane/react';
import { structuralShare } from '../lib/equal.ts';
import { internals } from '../lib/internals.ts';
import { readChunks } from './hydration-script.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- databases of every schema
type AnyCore = InstantCoreDatabase<any, any>;

export interface HydratedResult {
  readonly state: QueryState;
  isStale: boolean;
}

const hydratedByCore = new WeakMap<AnyCore, HydratedResults>();

export class HydratedResults {
  readonly #results = new Map<string, HydratedResult>();
  readonly #core: AnyCore;
  /** A user other than the one the page was rendered for is signed in. */
  #isUserChanged = false;

  private constructor(core: AnyCore, renderedFor: User | null | undefined) {
    this.#core = core;
    this.#trackUser(renderedFor);
    readChunks(core[internals].app.appId, ([key, { data, pageInfo }]) => {
      this.#results.set(key, { state: { isLoading: false, data, pageInfo, error: undefined }, isStale: this.#isUserChanged });
    });
  }

  /** One instance per database, regardless of remounted providers. */
  static of(core: AnyCore, renderedFor: User | null | undefined): HydratedResults {
    const hydrated = hydratedByCore.get(core) ?? new HydratedResults(core, renderedFor);
    hydratedByCore.set(core, hydrated);
    return hydrated;
  }

  get(key: string): HydratedResult | undefined {
    return this.#results.get(key);
  }

  /** A store that returns the live result, or the hydrated one until there is a live result. Equal parts keep their identity. */
  storeFor(store: QueryStore, hydrated: HydratedResult): Pick<QueryStore, 'subscribe' | 'read' | 'readOnServer'> {
    const { events } = this.#core[internals].reactor;
    const readLive = store.reader();
    let current = hydrated.state;
    const read = (): QueryState => {
      const state = readLive();
      if (!store.isWaiting()) hydrated.isStale = true;
      else if (!hydrated.isStale) return hydrated.state;
      return (current = structuralShare(current, state));
    };
    const subscribe = (changed: () => void): (() => void) => {
      const stop = store.subscribe(changed);
      events.on('auth', changed);
      return () => {
        stop();
        events.off('auth', changed);
      };
    };
    return { subscribe, read, readOnServer: () => hydrated.state };
  }

  /** Results rendered for one user are not shown to another. Results rendered for an anonymous visitor are shown to everyone. */
  #trackUser(renderedFor: User | null | undefined): void {
    const { account, events } = this.#core[internals].reactor;
    let known = renderedFor ?? account.user;
    const checkUser = (): void => {
      const { user } = account;
      if (user === undefined) return;
      if (known !== undefined && user?.id !== known?.id) {
        this.#isUserChanged = true;
        for (const result of this.#results.values()) result.isStale = true;
      }
      known = user;
    };
    checkUser();
    events.on('auth', checkUser);
  }
}
