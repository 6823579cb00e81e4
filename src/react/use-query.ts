// What a query is answered, live: `db.useQuery`.

import { useState } from 'react';

import { answerTo, loading, nothing, type QueryState, type RuleOptions } from './answers.ts';
import { type AnyCore, isServer } from './core.ts';
import { keep } from '../lib/keep.ts';
import { useSelected } from './use-source.ts';

export type QueryOptions = RuleOptions & { readonly select?: ((data: never) => unknown) | undefined };

export function useQuery(core: AnyCore, query: object | null, options?: QueryOptions): QueryState {
  const source = query && !isServer ? answerTo(core, query, options) : nothing;
  const select = options?.select as ((data: unknown) => unknown) | undefined;
  const [reading] = useState(newReading);
  return useSelected(source, select ? selecting(select) : reading.of, select ? sameState : reading.isSame);
}

interface Reading {
  readonly of: (state: QueryState) => QueryState;
  readonly isSame: (one: QueryState, other: QueryState) => boolean;
}

/** Page info changes with nearly every write, and few components read it: for the others it is no reason to be drawn again. */
function newReading(): Reading {
  let newest = loading;
  let readsPageInfo = false;
  const of = ({ pageInfo, ...rest }: QueryState): QueryState => {
    newest = { ...rest, pageInfo };
    return {
      ...rest,
      get pageInfo() {
        readsPageInfo = true;
        return newest.pageInfo;
      },
    };
  };
  const isSame = (one: QueryState, other: QueryState): boolean =>
    (Object.keys(other) as (keyof QueryState)[]).every((key) => key === 'pageInfo' || Object.is(one[key], other[key])) && !readsPageInfo;
  return { of, isSame };
}

const selectors = new WeakMap<(data: unknown) => unknown, (state: QueryState) => QueryState>();

/** The same for the same `select`, so that one declared outside of its component is asked once per answer. */
function selecting(select: (data: unknown) => unknown): (state: QueryState) => QueryState {
  const known = selectors.get(select);
  if (known) return known;
  const selector = (state: QueryState): QueryState =>
    state.data === undefined ? state : { isLoading: false, data: select(state.data), pageInfo: undefined, error: undefined };
  selectors.set(select, selector);
  return selector;
}

function sameState(one: QueryState, other: QueryState): boolean {
  return one.isLoading === other.isLoading && one.error === other.error && keep(one.data, other.data) === one.data;
}
