// The answers that components look at, one for each query however many look. What an answer says is not kept here: it is read from the
// database each time.

import { type InstaQLOptions, weakHash } from 'triplane';

import type { AnyCore } from './core.ts';
import { lingering } from './lingering.ts';
import type { Source } from './source.ts';

export interface QueryState {
  readonly isLoading: boolean;
  readonly data: unknown;
  readonly pageInfo: unknown;
  readonly error: Error | undefined;
}

export type RuleOptions = Partial<InstaQLOptions> | undefined;

export interface Answer extends Source<QueryState> {
  readonly key: string;
  /** When there is something to draw. The query is asked for that long, whether anybody looks or not. */
  readonly whenAnswered: () => Promise<void>;
}

export const loading: QueryState = { isLoading: true, data: undefined, pageInfo: undefined, error: undefined };

/** What is asked when nothing is: `useQuery(null)`. */
export const nothing: Source<QueryState> = { subscribe: () => () => {}, read: () => loading, readOnServer: () => loading };

const answersOf = new WeakMap<AnyCore, Map<string, Answer>>();

/** @throws QueryValidationError */
export function answerTo(core: AnyCore, query: object, options?: RuleOptions): Answer {
  const answers = answersOf.get(core) ?? new Map<string, Answer>();
  answersOf.set(core, answers);
  const ruleParams = options?.ruleParams;
  const key = weakHash({ ...(ruleParams && { $$ruleParams: ruleParams }), ...query });
  return answers.get(key) ?? newAnswer(answers, key, core._watch(query, ruleParams && { ruleParams }));
}

function newAnswer(answers: Map<string, Answer>, key: string, watch: ReturnType<AnyCore['_watch']>): Answer {
  const begin = (changed: () => void): (() => void) => {
    answers.set(key, answer);
    return watch.subscribe(changed);
  };
  const { subscribe, leave } = lingering(begin, () => answers.delete(key));
  let raw: ReturnType<typeof watch.read>;
  let state = loading;
  const read = (): QueryState => {
    const now = watch.read();
    if (now !== raw) state = stateOf((raw = now));
    return state;
  };
  const whenAnswered = (): Promise<void> =>
    new Promise((resolve) => {
      const stop = subscribe(() => {
        if (read().isLoading) return;
        stop();
        resolve();
      });
    });
  const answer: Answer = { key, subscribe, read, readOnServer: () => loading, whenAnswered };
  answers.set(key, answer);
  // What nobody ever looks at, because its component was never put on the page, goes too.
  leave();
  return answer;
}

function stateOf(raw: object | undefined): QueryState {
  if (!raw) return loading;
  return { ...loading, isLoading: false, ...(raw instanceof Error ? { error: raw } : raw) };
}
