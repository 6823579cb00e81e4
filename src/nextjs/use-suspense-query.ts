// What a query is answered, for components that are only drawn when it is: on the server and, with the same answer, in the browser, where it
// goes on live.

import { useContext, useMemo, useSyncExternalStore } from 'react';
import { type InstaQLOptions, weakHash } from 'triplane';
import type { Answer, QueryState } from 'triplane/react';

import type { Given } from './given.ts';
import { isServer, PageContext } from './page.ts';

type Answering = (query: object, options: InstaQLOptions | undefined) => Answer;

export function useSuspenseQuery(answering: Answering, query: object, options: InstaQLOptions | undefined): QueryState {
  const page = useContext(PageContext);
  if (isServer) {
    if (!page?.rendering) throw new Error('On a server useSuspenseQuery is answered below <InstantSuspenseProvider db={db}> only');
    const asked = options?.ruleParams ? { $$ruleParams: options.ruleParams, ...query } : query;
    return { isLoading: false, error: undefined, ...page.rendering.read(weakHash(asked), asked) };
  }
  const answer = answering(query, options);
  const given = page?.given;
  const { subscribe, read, readOnServer } = useMemo(() => followed(answer, given), [answer, given]);
  const state = useSyncExternalStore(subscribe, read, readOnServer);
  if (state.error) throw state.error;
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- so one waits in React, 18 and 19
  if (state.isLoading) throw answer.whenAnswered();
  return state;
}

function followed(answer: Answer, given: Given | undefined): Pick<Answer, 'subscribe' | 'read' | 'readOnServer'> {
  const found = given?.get(answer.key);
  return given && found ? given.following(answer, found) : answer;
}
