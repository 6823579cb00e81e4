// The answer to a question in the form it is sent, and whether it says anything new.

import type { Db } from '../db/db.ts';
import { Store } from '../db/store.ts';
import { equal } from '../lib/equal.ts';
import { type WireAnswer, writeAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import { answerQuery, type ServerAnswer } from '../query/evidence.ts';
import { evaluate } from '../query/run.ts';
import type { Asked } from './asked.ts';
import { withUrls } from './files/file-entities.ts';

export interface Answered {
  readonly answer: ServerAnswer;
  readonly result: WireAnswer;
  readonly meta: unknown;
}

export function answer({ compiled, inferred, returnType, visible, fileUrl }: Asked, db: Db): Answered {
  const found = answerQuery(compiled, db, { visible });
  const shown = { ...found, triples: withUrls(found.triples, fileUrl) };
  if (returnType === 'join-rows') return { answer: found, result: writeAnswer(shown), meta: null };
  // A tree is what a client would make of the triples.
  const seen = new Store(db.attrs);
  seen.load(shown.triples);
  const { data } = evaluate(inferred ?? compiled, seen, found);
  const [node] = writeAnswer({ ...found, triples: [] });
  return { answer: found, result: data, meta: { 'page-info': node?.data['page-info'] ?? {}, aggregate: found.aggregate ?? {} } };
}

/** Word for word, in the order given: a false "no" costs a message, a false "yes" would cost the truth. */
export function isAnswerEqual({ answer: a }: Answered, { answer: b }: Answered): boolean {
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
