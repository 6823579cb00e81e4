// The answer to a query as a server sends it: not rows but triples, such that whoever evaluates the same query over
// them alone sees what an evaluation over all the data would show. PROTOCOL.md#results

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import type { TripleResult } from '../protocol/query-result.ts';
import type { Triple } from '../protocol/triple.ts';
import { candidates, matchesNode } from './candidates.ts';
import { addWitnesses, addAbsenceWitnesses } from './witness.ts';
import type { ChildQueryNode, CompiledQuery, QueryNode } from './compile.ts';
import { paginate, isPaged } from './paging.ts';
import { WitnessTriples } from './witness.ts';
import type { PageInfo } from './query.ts';
import { type Visible, VisibleDb } from './visible.ts';
import { linked } from './where.ts';

export interface ServerResult extends TripleResult {
  readonly triples: Triple[];
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, { readonly count: number }>> | undefined;
}

export interface ResultOptions {
  /** What is not visible is as if it were not there. */
  readonly visible?: Visible | undefined;
}

/**
 * @example
 * const { triples, pageInfo } = answerQuery(compile({ acts: { sets: {} } }, store.attrs), store);
 */
export function answerQuery(compiled: CompiledQuery, db: Db, { visible }: ResultOptions = {}): ServerResult {
  const visibleDb = visible ? new VisibleDb(db, visible) : db;
  const context: ResultContext = { db: visibleDb, witness: new WitnessTriples(visibleDb), done: new Map() };
  const pages: [string, PageInfo][] = [];
  const counts: [string, { count: number }][] = [];
  for (const node of compiled.nodes) {
    if (node.options.aggregate !== undefined) {
      counts.push([node.key, { count: matching(node, visibleDb).length }]);
      continue;
    }
    const pageInfo = addNode(node, context);
    if (pageInfo) pages.push([node.key, pageInfo]);
  }
  addAbsenceWitnesses(compiled, visibleDb, context.witness);
  return {
    triples: context.witness.triples(),
    pageInfo: pages.length > 0 ? Object.fromEntries(pages) : undefined,
    aggregate: counts.length > 0 ? Object.fromEntries(counts) : undefined,
  };
}

/** What one row of a top-level form brings to the answer; nothing if it is not shown. Without pages, an answer is the sum of these. */
export function resultOfRow(compiled: CompiledQuery, node: QueryNode, id: string, db: Db): Triple[] {
  const row = db.row(node.etype, id);
  if (node.isEmpty || !row || !matchesNode(node, row, db)) return [];
  const witness = new WitnessTriples(db);
  addRow(node, row, { db, witness, done: new Map() });
  addAbsenceWitnesses(compiled, db, witness);
  return witness.triples();
}

/** The rows a form shows, pages apart. */
export function matchingRows(node: QueryNode, db: Db): readonly Row[] {
  return matching(node, db);
}

interface ResultContext {
  readonly db: Db;
  readonly witness: WitnessTriples;
  /** The rows each form has been answered for: one child may have many parents. */
  readonly done: Map<QueryNode, Set<Row>>;
}

function addNode(node: QueryNode, context: ResultContext): PageInfo | undefined {
  if (node.isEmpty) return undefined;
  const rows = matching(node, context.db);
  const page = isPaged(node) ? paginate(rows.sort(node.order.compare), node) : undefined;
  for (const row of page?.rows ?? rows) addRow(node, row, context);
  return page?.pageInfo;
}

function matching(node: QueryNode, db: Db): Row[] {
  const rows: Row[] = [];
  if (node.isEmpty) return rows;
  for (const row of candidates(node, db)) if (matchesNode(node, row, db)) rows.push(row);
  return rows;
}

function addRow(node: QueryNode, row: Row, context: ResultContext): void {
  let done = context.done.get(node);
  if (!done) context.done.set(node, (done = new Set<Row>()));
  if (done.has(row)) return;
  done.add(row);
  if (node.where) addWitnesses(node.where, row, context.db, context.witness);
  for (const attr of attrsSent(node, context.db)) context.witness.add(attr, row);
  for (const child of node.children) addChildRows(child, row, context);
}

function addChildRows(child: ChildQueryNode, parent: Row, context: ResultContext): void {
  const { link, isEmpty, etype } = child;
  if (!link || isEmpty) return;
  for (const id of linked(context.db, link, parent.id, parent)) {
    const row = context.db.row(etype, id);
    if (!row || !matchesNode(child, row, context.db)) continue;
    context.witness.addLink(link, parent.id, id);
    addRow(child, row, context);
  }
}

/** What a row shown is sent with: all that it has one of, or the fields asked for; its id always. */
function attrsSent(node: QueryNode, db: Db): readonly KnownAttr[] {
  const { fields } = node.options;
  const isSelected = Array.isArray(fields) ? ({ label }: KnownAttr) => fields.includes(label) : () => true;
  return [...db.attrs.namespace(node.etype).forward.values()].filter(
    (attr) => attr === node.idAttr || ((!attr.isRef || !attr.isMany) && isSelected(attr)),
  );
}
