// The result of a query as the server sends it: the triples on which evaluating the same query gives the result of evaluating it on all
// data. PROTOCOL.md#results

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import type { TripleResult } from '../protocol/query-result.ts';
import type { Triple } from '../protocol/triple.ts';
import { matchesNode } from './candidates.ts';
import { addAbsenceWitnesses, addWitnesses, attempt, WitnessTriples } from './witness.ts';
import { isDue, newPass, spend, within } from './pass.ts';
import type { ChildQueryNode, CompiledQuery, QueryNode } from './compile.ts';
import { matchingSteps } from './matching.ts';
import { pageSteps } from './page-steps.ts';
import { isPaged } from './paging.ts';
import type { PageInfo } from './query.ts';
import { type Visible, VisibleDb } from './visible.ts';
import { linked } from './where.ts';
import { completed } from '../lib/yielding.ts';

export interface ServerResult extends TripleResult {
  readonly triples: Triple[];
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, { readonly count: number }>> | undefined;
}

export interface ResultOptions {
  /** Invisible entities and values count as missing. */
  readonly visible?: Visible | undefined;
}

/**
 * @example
 * const { triples, pageInfo } = answerQuery(compile({ acts: { sets: {} } }, store.attrs), store);
 */
export function answerQuery(compiled: CompiledQuery, db: Db, options: ResultOptions = {}): ServerResult {
  return within(newPass(), () => completed(answerSteps(compiled, db, options)));
}

/** The same in steps, for a pass that is interrupted: yields when it is due. */
export function* answerSteps(compiled: CompiledQuery, db: Db, { visible }: ResultOptions = {}): Generator<void, ServerResult> {
  const visibleDb = visible ? new VisibleDb(db, visible) : db;
  const context: ResultContext = { db: visibleDb, witness: new WitnessTriples(visibleDb), done: new Map(), sent: new Map() };
  const pages: [string, PageInfo][] = [];
  const counts: [string, { count: number }][] = [];
  for (const node of compiled.nodes) {
    if (node.options.aggregate !== undefined) {
      counts.push([node.key, { count: (yield* matchingSteps(node, visibleDb)).length }]);
      continue;
    }
    const pageInfo = yield* addNode(node, context);
    if (pageInfo) pages.push([node.key, pageInfo]);
  }
  yield* addAbsenceWitnesses(compiled, visibleDb, context.witness);
  return {
    triples: yield* context.witness.triples(),
    pageInfo: pages.length > 0 ? Object.fromEntries(pages) : undefined,
    aggregate: counts.length > 0 ? Object.fromEntries(counts) : undefined,
  };
}

/** What one row of a top-level form brings to the answer; nothing if it is not shown. Without pages, an answer is the sum of these. */
export function resultOfRow(compiled: CompiledQuery, node: QueryNode, id: string, db: Db): Triple[] {
  const row = db.row(node.etype, id);
  if (node.isEmpty || !row || !matchesNode(node, row, db)) return [];
  return completed(rowResultSteps(compiled, node, row, db));
}

/** The same of a row that matches, in steps. */
export function* rowResultSteps(compiled: CompiledQuery, node: QueryNode, row: Row, db: Db): Generator<void, Triple[]> {
  const witness = new WitnessTriples(db);
  yield* addRow(node, row, { db, witness, done: new Map(), sent: new Map() });
  yield* addAbsenceWitnesses(compiled, db, witness);
  return yield* witness.triples();
}

interface ResultContext {
  readonly db: Db;
  readonly witness: WitnessTriples;
  /** The rows each form has been answered for: one child may have many parents. */
  readonly done: Map<QueryNode, Set<Row>>;
  /** The attrs that are sent of each form's rows. */
  readonly sent: Map<QueryNode, readonly KnownAttr[]>;
}

function* addNode(node: QueryNode, context: ResultContext): Generator<void, PageInfo | undefined> {
  if (node.isEmpty) return undefined;
  if (!isPaged(node)) {
    for (const row of yield* matchingSteps(node, context.db)) yield* addRow(node, row, context);
    return undefined;
  }
  const page = yield* pageSteps(node, context.db);
  for (const row of page.rows) yield* addRow(node, row, context);
  return page.pageInfo;
}

function* addRow(node: QueryNode, row: Row, context: ResultContext): Generator<void, void> {
  const { db, witness } = context;
  let done = context.done.get(node);
  if (!done) context.done.set(node, (done = new Set<Row>()));
  if (done.has(row)) return;
  done.add(row);
  const sent = context.sent.get(node) ?? attrsSent(node, db);
  context.sent.set(node, sent);
  spend(1 + sent.length);
  if (node.where) yield* addWitnesses(node.where, row, db, witness);
  for (const attr of sent) witness.add(attr, row);
  for (const child of node.children) yield* addChildRows(child, row, context);
  if (isDue()) yield;
}

function* addChildRows(child: ChildQueryNode, parent: Row, context: ResultContext): Generator<void, void> {
  const { link, isEmpty, etype } = child;
  const { db, witness } = context;
  if (!link || isEmpty) return;
  for (const id of linked(db, link, parent.id, parent)) {
    spend(1);
    const row = db.row(etype, id);
    if (!row) continue;
    let isMatch: boolean | undefined;
    while ((isMatch = attempt(() => matchesNode(child, row, db))) === undefined) yield;
    if (!isMatch) continue;
    witness.addLink(link, parent.id, id);
    yield* addRow(child, row, context);
  }
}

/** The triples of a row: its id and all single values, or the requested fields. */
function attrsSent(node: QueryNode, db: Db): readonly KnownAttr[] {
  const { fields } = node.options;
  const isSelected = Array.isArray(fields) ? ({ label }: KnownAttr) => fields.includes(label) : () => true;
  return [...db.attrs.namespace(node.etype).forward.values()].filter(
    (attr) => attr === node.idAttr || ((!attr.isRef || !attr.isMany) && isSelected(attr)),
  );
}
