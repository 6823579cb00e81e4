// In the browser: the answers that came with the page. Each is shown until the line has answered, and then never again, but for pieces of the
// page that are still to be taken over as they were rendered.

import type { InstantCoreDatabase, User } from 'triplane';
import type { Answer, QueryState } from 'triplane/react';

import { keep } from '../lib/keep.ts';
import { collect } from './line.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- databases of every schema
type AnyCore = InstantCoreDatabase<any, any>;

export interface GivenAnswer {
  readonly state: QueryState;
  isSpent: boolean;
}

const givenOf = new WeakMap<AnyCore, Given>();

export class Given {
  readonly #answers = new Map<string, GivenAnswer>();
  readonly #core: AnyCore;
  /** Somebody else is here than the page was rendered for. */
  #isOver = false;

  private constructor(core: AnyCore, renderedFor: User | null | undefined) {
    this.#core = core;
    this.#followUser(renderedFor);
    collect(core._app.appId, ([key, { data, pageInfo }]) => {
      this.#answers.set(key, { state: { isLoading: false, data, pageInfo, error: undefined }, isSpent: this.#isOver });
    });
  }

  /** One for a database, whatever becomes of the provider. */
  static of(core: AnyCore, renderedFor: User | null | undefined): Given {
    const given = givenOf.get(core) ?? new Given(core, renderedFor);
    givenOf.set(core, given);
    return given;
  }

  get(key: string): GivenAnswer | undefined {
    return this.#answers.get(key);
  }

  /** The live answer, and the given one while there is none. What is the same in both is the same object. */
  following(answer: Answer, given: GivenAnswer): Pick<Answer, 'subscribe' | 'read' | 'readOnServer'> {
    const { events } = this.#core._reactor;
    let shown = given.state;
    const read = (): QueryState => {
      const state = answer.read();
      if (!state.isLoading) given.isSpent = true;
      else if (!given.isSpent) return given.state;
      return (shown = keep(shown, state));
    };
    const subscribe = (changed: () => void): (() => void) => {
      const stop = answer.subscribe(changed);
      events.on('auth', changed);
      return () => {
        stop();
        events.off('auth', changed);
      };
    };
    return { subscribe, read, readOnServer: () => given.state };
  }

  /** What one was given is not for the next. What nobody was given is for everybody. */
  #followUser(renderedFor: User | null | undefined): void {
    const { account, events } = this.#core._reactor;
    let known = renderedFor ?? account.user;
    const look = (): void => {
      const { user } = account;
      if (user === undefined) return;
      if (known !== undefined && user?.id !== known?.id) {
        this.#isOver = true;
        for (const answer of this.#answers.values()) answer.isSpent = true;
      }
      known = user;
    };
    look();
    events.on('auth', look);
  }
}
