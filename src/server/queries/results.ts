// The result of a query in wire form, and whether it differs from an earlier one.

import type { Db } from '../../db/db.ts';
import { equal } from '../../lib/equal.ts';
import { completed } from '../../lib/yielding.ts';
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
  /** A large result that is sent once and not kept. */
  readonly text?: JsonText | undefined;
}

/** An array of four with two numbers; ids and values are shared with the data. */
const bytesPerTriple = 112;
/** Of a result, besides its triples. */
const ownBytes = 500;

/** The approximate memory of a result while it is cached. */
export function sizeOfResult({ serverResult, result }: ComputedResult): number {
  return ownBytes + serverResult.triples.length * bytesPerTriple + (result instanceof JsonText ? 2 * result.length : 0);
}

/** A value that is serialised already. */
export class JsonText {
  /** A long text is never in one piece: joining alone would keep others waiting. */
  readonly parts: readonly string[];

  constructor(parts: readonly string[]) {
    this.parts = parts;
  }

  get text(): string {
    return this.parts.join('');
  }

  get length(): number {
    return this.parts.reduce((length, part) => length + part.length, 0);
  }

  isEqual({ parts }: JsonText): boolean {
    return this.parts.length === parts.length && this.parts.every((part, at) => part === parts[at]);
  }

  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** A generator: yields when the current slice ends. `maxLength`: of the result as JSON. */
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

/** The result as nested objects, serialised. */
export function* answerTree({ compiled, tree, visibleIn, fileUrl }: PreparedQuery, db: Db, maxLength: number) {
  const checkLength = (length: number): void => {
    if (length > maxLength) throw tooLong(maxLength);
  };
  const faults = new RuleFaults();
  const { parts, ...others } = yield* treeTextSteps(tree ?? compiled, db, {
    visible: visibleIn?.(db, faults),
    present: fileUrl && ((etype, label, value) => presentFile(etype, label, value, fileUrl)),
    checkLength,
  });
  return { text: new JsonText(parts), faults, ...others };
}

/** Length of the shortest possible triple as JSON. */
const minTripleLength = 80;

function checkCount(triples: number, maxLength: number): void {
  if (triples * minTripleLength > maxLength) throw tooLong(maxLength);
}

const tooLong = (maxLength: number): Error => overLimit('resultLength', maxLength, 'characters of the result of a query');

/** Triples serialised per step. */
const atOnceTriples = 2000;

const noRows = '"join-rows":[[]]';

/** The wire form, written in parts. */
function* textOf(serverResult: ServerResult, triples: readonly Triple[], maxLength: number): Generator<void, JsonText> {
  const around = JSON.stringify(writeResult({ ...serverResult, triples: [] }));
  const placed = around.indexOf(noRows) + noRows.length - 2;
  const parts = [around.slice(0, placed)];
  let length = 0;
  for (let at = 0; at < triples.length; at += atOnceTriples) {
    const some = triples.slice(at, at + atOnceTriples);
    const part = `${at > 0 ? ',' : ''}${JSON.stringify(some).slice(1, -1)}`;
    parts.push(part);
    length += part.length;
    if (length > maxLength) throw tooLong(maxLength);
    spend(some.length);
    if (isDue()) yield;
  }
  return new JsonText([...parts, around.slice(placed)]);
}

/** Triples in wire form. */
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

/** Compares exactly, in the given order: a false "different" costs a message, a false "equal" would hide a change. */
export function isResultEqual(one: ComputedResult, other: ComputedResult): boolean {
  return completed(resultEqualSteps(one, other));
}

/** A generator: yields often. */
export function* resultEqualSteps(one: ComputedResult, other: ComputedResult): Generator<void, boolean> {
  const [a, b] = [one.serverResult, other.serverResult];
  // Whether a tree has a nested key depends on links that are not among the result's triples.
  const isSameTree = !(one.result instanceof JsonText) || !(other.result instanceof JsonText) || one.result.isEqual(other.result);
  return (
    isSameTree &&
    a.triples.length === b.triples.length &&
    equal(a.pageInfo, b.pageInfo) &&
    equal(a.aggregate, b.aggregate) &&
    (yield* sameTriples(a.triples, b.triples))
  );
}

function* sameTriples(a: readonly Triple[], b: readonly Triple[]): Generator<void, boolean> {
  for (const [at, triple] of a.entries()) {
    const other = b[at];
    if (other?.[0] !== triple[0] || other[1] !== triple[1] || other[3] !== triple[3] || !equal(other[2], triple[2])) return false;
    if (at % atOnceTriples === atOnceTriples - 1) yield;
  }
  return true;
}
