// In the browser: the answers that came with the page. Each is shown until the line has answered, and then never again, but for pieces of the
// page that are still to be taken over as they were rendered.

import type { InstantCoreDatabase, User } from 'triplane';
import type { QueryStore, QueryState } from 'triplane/react';

import { structuralShare } from '../lib/equal.ts';
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
  /** Somebody else is here than the page was rendered for. */
  #isUserChanged = false;

  private constructor(core: AnyCore, renderedFor: User | null | undefined) {
    this.#core = core;
    this.#trackUser(renderedFor);
    readChunks(core._app.appId, ([key, { data, pageInfo }]) => {
      this.#results.set(key, { state: { isLoading: false, data, pageInfo, error: undefined }, isStale: this.#isUserChanged });
    });
  }

  /** One for a database, whatever becomes of the provider. */
  static of(core: AnyCore, renderedFor: User | null | undefined): HydratedResults {
    const hydrated = hydratedByCore.get(core) ?? new HydratedResults(core, renderedFor);
    hydratedByCore.set(core, hydrated);
    return hydrated;
  }

  get(key: string): HydratedResult | undefined {
    return this.#results.get(key);
  }

  /** The live answer, and the given one while there is none. What is the same in both is the same object. */
  storeFor(store: QueryStore, hydrated: HydratedResult): Pick<QueryStore, 'subscribe' | 'read' | 'readOnServer'> {
    const { events } = this.#core._reactor;
    let current = hydrated.state;
    const read = (): QueryState => {
      const state = store.read();
      if (!state.isLoading) hydrated.isStale = true;
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

  /** What one was given is not for the next. What nobody was given is for everybody. */
  #trackUser(renderedFor: User | null | undefined): void {
    const { account, events } = this.#core._reactor;
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
