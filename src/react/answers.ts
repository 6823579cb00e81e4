// The answers that components look at, one for each query however many look. The database is asked while anybody looks and a little longer:
// what leaves the page in one moment and is back in the next (StrictMode, a change of route) is not asked for again. What an answer says
// is not kept here: it is read from the database each time.

import { type InstaQLOptions, weakHash } from 'triplane';

import type { AnyCore } from './core.ts';
import type { Source } from './source.ts';

export interface QueryState {
  readonly isLoading: boolean;
  readonly data: unknown;
  readonly pageInfo: unknown;
  readonly error: Error | undefined;
}

export type RuleOptions = Partial<InstaQLOptions> | undefined;

export const loading: QueryState = { isLoading: true, data: undefined, pageInfo: undefined, error: undefined };

/** How long an answer nobody looks at is kept up to date. */
export const lingerMs = 5_000;

const answersOf = new WeakMap<AnyCore, Map<string, Answer>>();

/** What is asked when nothing is: `useQuery(null)`. */
export const nothing: Source<QueryState> = { subscribe: () => () => {}, read: () => loading, readOnServer: () => loading };

/** @throws QueryValidationError */
export function answerTo(core: AnyCore, query: object, { ruleParams }: NonNullable<RuleOptions> = {}): Answer {
  const answers = answersOf.get(core) ?? new Map<string, Answer>();
  answersOf.set(core, answers);
  const asked = ruleParams ? { $$ruleParams: ruleParams, ...query } : query;
  const key = weakHash(asked);
  return answers.get(key) ?? new Answer(core._watch(query, ruleParams && { ruleParams }), answers, key);
}

export class Answer implements Source<QueryState> {
  readonly key: string;
  readonly #watch: ReturnType<AnyCore['_watch']>;
  readonly #answers: Map<string, Answer>;
  readonly #lookers = new Set<() => void>();
  #stop: (() => void) | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #raw: unknown;
  #state = loading;
  #whenAnswered: Promise<void> | undefined;

  constructor(watch: ReturnType<AnyCore['_watch']>, answers: Map<string, Answer>, key: string) {
    this.#watch = watch;
    this.#answers = answers;
    this.key = key;
    this.#keep();
  }

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#lookers.add(changed);
    this.#ask();
    return () => {
      if (this.#lookers.delete(changed)) this.#leaveLater();
    };
  };

  readonly read = (): QueryState => {
    const raw = this.#watch.read();
    if (raw !== this.#raw) {
      this.#raw = raw;
      this.#state = !raw
        ? loading
        : raw instanceof Error
          ? { ...loading, isLoading: false, error: raw }
          : { ...loading, ...raw, isLoading: false };
    }
    return this.#state;
  };

  readonly readOnServer = (): QueryState => loading;

  /** When there is something to draw. The query is asked for that long, whether anybody looks or not. */
  whenAnswered(): Promise<void> {
    return (this.#whenAnswered ??= new Promise((resolve) => {
      const stop = this.subscribe(() => {
        if (this.read().isLoading) return;
        this.#whenAnswered = undefined;
        stop();
        resolve();
      });
    }));
  }

  #ask(): void {
    this.#keep();
    this.#stop ??= this.#watch.subscribe(() => {
      for (const changed of [...this.#lookers]) changed();
    });
  }

  /** What nobody ever looks at, because its component was never put on the page, goes too. */
  #keep(): void {
    clearTimeout(this.#leaving);
    this.#answers.set(this.key, this);
    if (this.#lookers.size === 0) this.#leaveLater();
  }

  #leaveLater(): void {
    if (this.#lookers.size > 0) return;
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => {
      this.#stop?.();
      this.#stop = undefined;
      if (this.#answers.get(this.key) === this) this.#answers.delete(this.key);
    }, lingerMs);
  }
}
