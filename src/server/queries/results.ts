// The answer to a question in the form it is sent, and whether it says anything new.

import type { Db } from '../../db/db.ts';
import { equal } from '../../lib/equal.ts';
import { type WireResult, writeResult } from '../../protocol/query-result.ts';
import type { Triple } from '../../protocol/triple.ts';
import { answerSteps, type ServerResult } from '../../query/result-triples.ts';
import { isDue, spend } from '../../query/pass.ts';
import { treeTextSteps } from '../../query/tree-text.ts';
import { overLimit } from '../errors.ts';
import { presentFile, withUrl } from '../files/file-entities.ts';
import { RuleFaults } from '../rules/rule-faults.ts';
import type { PreparedQuery } from './prepared-query.ts';

export interface ComputedResult {
  readonly serverResult: ServerResult;
  readonly result: WireResult | JsonText;
  readonly meta: unknown;
  readonly faults: RuleFaults;
  /** A large result as it is sent once; not kept. */
  readonly text?: JsonText | undefined;
}

/** A list of four with two numbers in it; ids and values are those of the data. */
const bytesPerTriple = 112;
/** Of an answer, besides. */
const ownBytes = 500;

/** About how much memory a result takes while it is kept. */
export function sizeOfResult({ serverResult, result }: ComputedResult): number {
  return ownBytes + serverResult.triples.length * bytesPerTriple + (result instanceof JsonText ? 2 * result.text.length : 0);
}

/** A value that is JSON already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** In steps: yields when the pass it is part of is due to be interrupted. `maxLength`: of the result as JSON. */
export function* answer(query: PreparedQuery, db: Db, maxLength: number): Generator<void, ComputedResult> {
  if (query.returnType === 'join-rows') {
    const faults = new RuleFaults();
    const serverResult = yield* answerSteps(query.compiled, db, { visible: query.visibleIn?.(db, faults) });
    checkCount(serverResult.triples.length, maxLength);
    const triples = yield* presented(serverResult.triples, query);
    const result = writeResult({ ...serverResult, triples });
    const text = triples.length > atOnceTriples ? yield* textOf(serverResult, triples, maxLength) : undefined;
    return { serverResult, result, meta: null, faults, text };
  }
  const { text, faults, pageInfo, aggregate } = yield* answerTree(query, db, maxLength);
  const [node] = writeResult({ triples: [], pageInfo, aggregate });
  return {
    serverResult: { triples: [], pageInfo, aggregate },
    result: text,
    faults,
    meta: { 'page-info': node?.data['page-info'] ?? {}, aggregate: aggregate ?? {} },
  };
}

/** The same as nested objects, as JSON. */
export function* answerTree({ compiled, tree, visibleIn, fileUrl }: PreparedQuery, db: Db, maxLength: number) {
  const checkLength = (length: number): void => {
    if (length > maxLength) throw tooLong(maxLength);
  };
  const faults = new RuleFaults();
  const { text, ...others } = yield* treeTextSteps(tree ?? compiled, db, {
    visible: visibleIn?.(db, faults),
    present: fileUrl && ((etype, label, value) => presentFile(etype, label, value, fileUrl)),
    checkLength,
  });
  return { text: new JsonText(text), faults, ...others };
}

/** The shortest triple there is, as JSON. */
const minTripleLength = 80;

function checkCount(triples: number, maxLength: number): void {
  if (triples * minTripleLength > maxLength) throw tooLong(maxLength);
}

const tooLong = (maxLength: number): Error => overLimit('resultLength', maxLength, 'characters of the result of a query');

/** As many triples are written in one go. */
const atOnceTriples = 5000;

/** The wire form, written in parts. */
function* textOf(serverResult: ServerResult, triples: readonly Triple[], maxLength: number): Generator<void, JsonText> {
  let text = '';
  for (let at = 0; at < triples.length; at += atOnceTriples) {
    const part = triples.slice(at, at + atOnceTriples);
    text += `${at > 0 ? ',' : ''}${JSON.stringify(part).slice(1, -1)}`;
    if (text.length > maxLength) throw tooLong(maxLength);
    spend(part.length);
    if (isDue()) yield;
  }
  const around = JSON.stringify(writeResult({ ...serverResult, triples: [] }));
  return new JsonText(around.replace('"join-rows":[[]]', () => `"join-rows":[[${text}]]`));
}

/** Triples as they are sent. */
function* presented(triples: readonly Triple[], { fileUrl }: PreparedQuery): Generator<void, readonly Triple[]> {
  if (!fileUrl) return triples;
  const shown: Triple[] = [];
  for (const triple of triples) {
    spend(1);
    shown.push(withUrl(triple, fileUrl));
    if (isDue()) yield;
  }
  return shown;
}

/** Word for word, in the order given: a false "no" costs a message, a false "yes" would cost the truth. */
export function isResultEqual(one: ComputedResult, other: ComputedResult): boolean {
  const [a, b] = [one.serverResult, other.serverResult];
  // Whether a tree has a nested key depends on links that no triple of the result tells of.
  const isSameTree = !(one.result instanceof JsonText) || !(other.result instanceof JsonText) || one.result.text === other.result.text;
  return (
    isSameTree &&
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
