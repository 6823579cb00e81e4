// What a query is answered, for components that are only drawn when it is: `db.useSuspenseQuery`. Errors go to the error boundary.

import type { Answer, QueryState, RuleOptions } from './answers.ts';
import { answerTo } from './answers.ts';
import { type AnyCore, isServer } from './core.ts';
import { useSource } from './use-source.ts';

export function useSuspenseQuery(core: AnyCore, query: object, options?: RuleOptions): QueryState {
  if (isServer) throw new Error('useSuspenseQuery is answered in the browser: until then its fallback shows');
  const answer = answerTo(core, query, options);
  return drawable(answer, useSource(answer));
}

export function drawable(answer: Answer, state: QueryState): QueryState {
  if (state.error) throw state.error;
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- so one waits in React, 18 and 19
  if (state.isLoading) throw answer.whenAnswered();
  return state;
}
