// The answer to a question in the form it is sent, and whether it says anything new.

import type { Db } from '../../db/db.ts';
import { equal } from '../../lib/equal.ts';
import { type WireResult, writeResult } from '../../protocol/query-result.ts';
import type { Triple } from '../../protocol/triple.ts';
import { answerQuery, type ServerResult } from '../../query/result-triples.ts';
import { evaluate } from '../../query/live-result.ts';
import type { QueryResult } from '../../query/query.ts';
import { VisibleDb } from '../../query/visible.ts';
import { withUrls, withUrlsInTree } from '../files/file-entities.ts';
import type { PreparedQuery } from './prepared-query.ts';

export interface ComputedResult {
  readonly serverResult: ServerResult;
  readonly result: WireResult;
  readonly meta: unknown;
}

export function answer(query: PreparedQuery, db: Db): ComputedResult {
  if (query.returnType === 'join-rows') {
    const serverResult = answerQuery(query.compiled, db, { visible: query.visible });
    const triples = withUrls(serverResult.triples, query.fileUrl);
    return { serverResult, result: writeResult({ ...serverResult, triples }), meta: null };
  }
  const { serverResult, data } = answerTree(query, db);
  const [node] = writeResult({ ...serverResult, triples: [] });
  return {
    serverResult,
    result: data,
    meta: { 'page-info': node?.data['page-info'] ?? {}, aggregate: serverResult.aggregate ?? {} },
  };
}

export function answerTree(
  { compiled, tree, visible, fileUrl }: PreparedQuery,
  db: Db,
): { serverResult: ServerResult; data: QueryResult['data'] } {
  const serverResult = answerQuery(compiled, db, { visible });
  const { data } = evaluate(tree ?? compiled, visible ? new VisibleDb(db, visible) : db, serverResult);
  return { serverResult, data: fileUrl ? withUrlsInTree((tree ?? compiled).nodes, data, fileUrl) : data };
}

/** Word for word, in the order given: a false "no" costs a message, a false "yes" would cost the truth. */
export function isResultEqual(one: ComputedResult, other: ComputedResult): boolean {
  const [a, b] = [one.serverResult, other.serverResult];
  // Whether a tree has a nested key depends on links that no triple of the result tells of.
  const isTree = one.meta !== null;
  return (
    (!isTree || equal(one.result, other.result)) &&
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
