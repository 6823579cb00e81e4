// The answer to a query as a server sends it: not rows but triples, such that whoever evaluates the same query over
// them alone sees what an evaluation over all the data would show. PROTOCOL.md#answers

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import type { QueryAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import { candidates, fits } from './candidates.ts';
import { prove, refute } from './closure.ts';
import type { ChildForm, CompiledQuery, Form } from './compile.ts';
import { cut, isPaged } from './cut.ts';
import { Proof } from './proof.ts';
import type { PageInfo } from './query.ts';
import { type Visible, VisibleDb } from './visible.ts';
import { linked } from './where.ts';

export interface ServerAnswer extends QueryAnswer {
  readonly triples: Triple[];
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, { readonly count: number }>> | undefined;
}

export interface AnswerOptions {
  /** What is not visible is as if it were not there. */
  readonly visible?: Visible | undefined;
}

/**
 * @example
 * const { triples, pageInfo } = answerQuery(compile({ acts: { sets: {} } }, store.attrs), store);
 */
export function answerQuery(compiled: CompiledQuery, db: Db, { visible }: AnswerOptions = {}): ServerAnswer {
  const seen = visible ? new VisibleDb(db, visible) : db;
  const work: Work = { db: seen, proof: new Proof(seen), done: new Map() };
  const pages: [string, PageInfo][] = [];
  const counts: [string, { count: number }][] = [];
  for (const form of compiled.forms) {
    if (form.options.aggregate !== undefined) {
      counts.push([form.key, { count: matching(form, seen).length }]);
      continue;
    }
    const pageInfo = answerForm(form, work);
    if (pageInfo) pages.push([form.key, pageInfo]);
  }
  refute(compiled, seen, work.proof);
  return {
    triples: work.proof.triples(),
    pageInfo: pages.length > 0 ? Object.fromEntries(pages) : undefined,
    aggregate: counts.length > 0 ? Object.fromEntries(counts) : undefined,
  };
}

/** What one row of a top-level form brings to the answer; nothing if it is not shown. Without pages, an answer is the sum of these. */
export function answerRowAlone(compiled: CompiledQuery, form: Form, id: string, db: Db): Triple[] {
  const row = db.row(form.etype, id);
  if (form.isEmpty || !row || !fits(form, row, db)) return [];
  const proof = new Proof(db);
  answerRow(form, row, { db, proof, done: new Map() });
  refute(compiled, db, proof);
  return proof.triples();
}

/** The rows a form shows, pages apart. */
export function shownRows(form: Form, db: Db): readonly Row[] {
  return matching(form, db);
}

interface Work {
  readonly db: Db;
  readonly proof: Proof;
  /** The rows each form has been answered for: one child may have many parents. */
  readonly done: Map<Form, Set<Row>>;
}

function answerForm(form: Form, work: Work): PageInfo | undefined {
  if (form.isEmpty) return undefined;
  const rows = matching(form, work.db);
  const page = isPaged(form) ? cut(rows.sort(form.order.compare), form) : undefined;
  for (const row of page?.rows ?? rows) answerRow(form, row, work);
  return page?.pageInfo;
}

function matching(form: Form, db: Db): Row[] {
  const rows: Row[] = [];
  if (form.isEmpty) return rows;
  for (const row of candidates(form, db)) if (fits(form, row, db)) rows.push(row);
  return rows;
}

function answerRow(form: Form, row: Row, work: Work): void {
  let done = work.done.get(form);
  if (!done) work.done.set(form, (done = new Set<Row>()));
  if (done.has(row)) return;
  done.add(row);
  if (form.where) prove(form.where, row, work.db, work.proof);
  for (const attr of attrsSent(form, work.db)) work.proof.add(attr, row);
  for (const child of form.children) answerChildren(child, row, work);
}

function answerChildren(child: ChildForm, parent: Row, work: Work): void {
  const { link, isEmpty, etype } = child;
  if (!link || isEmpty) return;
  for (const id of linked(work.db, link, parent.id, parent)) {
    const row = work.db.row(etype, id);
    if (!row || !fits(child, row, work.db)) continue;
    work.proof.addLink(link, parent.id, id);
    answerRow(child, row, work);
  }
}

/** What a row shown is sent with: all that it has one of, or the fields asked for; its id always. */
function attrsSent(form: Form, db: Db): readonly KnownAttr[] {
  const { fields } = form.options;
  const isAsked = Array.isArray(fields) ? ({ label }: KnownAttr) => fields.includes(label) : () => true;
  return [...db.attrs.namespace(form.etype).forward.values()].filter(
    (attr) => attr === form.idAttr || ((!attr.isRef || !attr.isMany) && isAsked(attr)),
  );
}
