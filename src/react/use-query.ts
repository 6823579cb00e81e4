// What a query is answered, live: `db.useQuery`.

import { useMemo } from 'react';

import { answerTo, loading, nothing, type QueryState, type RuleOptions } from './answers.ts';
import { type AnyCore, isServer } from './core.ts';
import { useSelected } from './use-source.ts';

type Select = (data: unknown) => unknown;
export type QueryOptions = RuleOptions & { readonly select?: ((data: never) => unknown) | undefined };

export function useQuery(core: AnyCore, query: object | null, options?: QueryOptions): QueryState {
  const source = query && !isServer ? answerTo(core, query, options) : nothing;
  const select = options?.select as Select | undefined;
  const { of, merge } = useMemo(() => (select ? part(select) : whole()), [select]);
  return useSelected(source, of, merge);
}

interface Reading {
  readonly of: (state: QueryState) => QueryState;
  readonly merge?: (drawn: QueryState, state: QueryState) => QueryState;
}

function part(select: Select): Reading {
  return { of: (state) => (state.data === undefined ? state : { ...state, data: select(state.data), pageInfo: undefined }) };
}

/** Page info changes with nearly every write, and few components read it: for the others it is no reason to be drawn again. */
function whole(): Reading {
  let newest = loading;
  let readsPageInfo = false;
  const of = (state: QueryState): QueryState => {
    newest = state;
    return Object.defineProperty({ ...state }, 'pageInfo', {
      enumerable: true,
      get: () => {
        readsPageInfo = true;
        return newest.pageInfo;
      },
    });
  };
  const merge = (drawn: QueryState, state: QueryState): QueryState =>
    !readsPageInfo && drawn.isLoading === state.isLoading && drawn.data === state.data && drawn.error === state.error ? drawn : state;
  return { of, merge };
}
