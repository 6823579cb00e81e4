// How the result of a query differs from the one its sessions were sent, found in slices: both may be vast.

import type { ResultDelta } from '../../protocol/server-message.ts';
import { tripleChangeSteps } from '../../query/ref-count.ts';
import { withUrls } from '../files/file-entities.ts';
import type { PreparedQuery } from './prepared-query.ts';
import { deltaTriples } from './refresh.ts';
import { type ComputedResult, JsonText } from './results.ts';

export type DeltaTriples = Pick<ResultDelta, 'removed' | 'added'>;

export interface Difference {
  readonly from: ComputedResult;
  readonly isNone: boolean;
  /** Undefined if nobody had asked for them. */
  readonly triples: DeltaTriples | undefined;
}

/** A generator: yields often. */
export function* deltaSteps(from: ComputedResult, to: ComputedResult, query: PreparedQuery): Generator<void, DeltaTriples> {
  const { attrs } = query.compiled;
  const { removed, added } = yield* tripleChangeSteps(from.serverResult.triples, to.serverResult.triples, attrs);
  const shown = { removed, added: [...withUrls(added, query.fileUrl)] };
  const triples = yield* deltaTriples(shown, attrs);
  return { removed: yield* written(triples.removed), added: yield* written(triples.added) };
}

const triplesOfPart = 2000;

/** A long list as text in parts: encoding it in one go would keep others waiting. */
function* written<T>(list: readonly T[]): Generator<void, readonly T[]> {
  if (list.length <= triplesOfPart) return list;
  const parts = ['['];
  for (let at = 0; at < list.length; at += triplesOfPart) {
    parts.push(`${at > 0 ? ',' : ''}${JSON.stringify(list.slice(at, at + triplesOfPart)).slice(1, -1)}`);
    yield;
  }
  return new JsonText([...parts, ']']) as unknown as readonly T[];
}
