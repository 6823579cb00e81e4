// How the result of a query differs from the one its sessions were sent, found in slices: both may be vast.

import type { ResultDelta } from '../../protocol/server-message.ts';
import { tripleChangeSteps } from '../../query/ref-count.ts';
import { listTextSteps } from '../list-text.ts';
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

/** A long list is text in parts. */
function* written<T>(list: readonly T[]): Generator<void, readonly T[]> {
  if (list.length <= triplesOfPart) return list;
  return new JsonText(yield* listTextSteps(list, { itemsOfPart: triplesOfPart })) as unknown as readonly T[];
}
