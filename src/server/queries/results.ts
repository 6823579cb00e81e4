// The answer to a question in the form it is sent, and whether it says anything new.

import type { Db } from '../../db/db.ts';
import { Store } from '../../db/store.ts';
import { equal } from '../../lib/equal.ts';
import { type WireResult, writeResult } from '../../protocol/query-result.ts';
import type { Triple } from '../../protocol/triple.ts';
import { answerQuery, type ServerResult } from '../../query/result-triples.ts';
import { evaluate } from '../../query/live-result.ts';
import { withUrls } from '../files/file-entities.ts';
import type { PreparedQuery } from './prepared-query.ts';

export interface ComputedResult {
  readonly serverResult: ServerResult;
  readonly result: WireResult;
  readonly meta: unknown;
}

export function answer({ compiled, inferred, returnType, visible, fileUrl }: PreparedQuery, db: Db): ComputedResult {
  const serverResult = answerQuery(compiled, db, { visible });
  const shown = { ...serverResult, triples: withUrls(serverResult.triples, fileUrl) };
  if (returnType === 'join-rows') return { serverResult, result: writeResult(shown), meta: null };
  // A tree is what a client would make of the triples.
  const store = new Store(db.attrs);
  store.load(shown.triples);
  const { data } = evaluate(inferred ?? compiled, store, serverResult);
  const [node] = writeResult({ ...serverResult, triples: [] });
  return {
    serverResult: serverResult,
    result: data,
    meta: { 'page-info': node?.data['page-info'] ?? {}, aggregate: serverResult.aggregate ?? {} },
  };
}

/** Word for word, in the order given: a false "no" costs a message, a false "yes" would cost the truth. */
export function isResultEqual({ serverResult: a }: ComputedResult, { serverResult: b }: ComputedResult): boolean {
  return (
    a.triples.length === b.triples.length &&
    equal(a.pageInfo, b.pageInfo) &&
    equal(a.aggregate, b.aggregate) &&
    sameTriples(a.triples, b.triples)
  );
}

function sameTriples(a: readonly Triple[], b: readonly Triple[]): boolean {
  return a.every((triple, at) => {
    const other = b[at];
    return other?.[0] === triple[0] && other[1] === triple[1] && other[3] === triple[3] && equal(other[2], triple[2]);
  });
}
