// A query over a Db: once, or kept up to date. What a subscriber is handed keeps its identity, whole and row by
// row, as long as it says the same.

import type { Db } from '../db/db.ts';
import type { Report } from '../db/report.ts';
import type { CompiledQuery, Form } from './compile.ts';
import { List } from './list.ts';
import type { PageInfo, QueryResult } from './query.ts';
import { trace } from './trace.ts';

/** What came with the server's answer and is passed on. */
export interface AnswerInfo {
  readonly pageInfo?: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate?: Readonly<Record<string, unknown>> | undefined;
}

/** The answer to a query, once. */
export function evaluate(compiled: CompiledQuery, db: Db, info: AnswerInfo = {}): QueryResult {
  return new LiveResult(compiled, db, info).result;
}

/** The answer to a query, kept up to date change by change. */
export class LiveResult {
  readonly #compiled: CompiledQuery;
  #info: AnswerInfo;
  readonly #lists: readonly { readonly form: Form; readonly list: List }[];
  #data: QueryResult['data'] | undefined;
  #result: QueryResult | undefined;

  constructor(compiled: CompiledQuery, db: Db, info: AnswerInfo = {}) {
    this.#compiled = compiled;
    this.#info = info;
    const forms = compiled.forms.filter(({ options }) => options.aggregate === undefined);
    this.#lists = forms.map((form) => ({ form, list: new List(form, db, pageOf(form, info)) }));
  }

  /** The same object while nothing in it changed. */
  get result(): QueryResult {
    const { pageInfo, aggregate } = this.#info;
    this.#data ??= Object.fromEntries(this.#lists.map(({ form, list }) => [form.key, list.shown]));
    return (this.#result ??= { data: this.#data, ...(pageInfo && { pageInfo }), ...(aggregate && { aggregate }) });
  }

  /** Takes a change of the Db into account, and what came with a new answer. Whether the result changed. */
  update(report: Report, db: Db, info?: AnswerInfo): boolean {
    if (!info && ![...report.keys()].some((etype) => this.#compiled.etypes.has(etype))) return false;
    let isChanged = false;
    if (info && !sameInfo(this.#info, info)) {
      isChanged = true;
      this.#info = info;
    }
    for (const { form, list } of this.#lists) {
      const traced = trace(form, report, db);
      const isTouched = info !== undefined || traced.ids.size > 0;
      if (!isTouched || !list.update(traced.ids, traced, report, db, pageOf(form, this.#info))) continue;
      isChanged = true;
      this.#data = undefined;
    }
    if (isChanged) this.#result = undefined;
    return isChanged;
  }
}

/** A namespace may be called like something every object has. */
function pageOf({ key }: Form, { pageInfo }: AnswerInfo): PageInfo | undefined {
  return pageInfo && Object.hasOwn(pageInfo, key) ? pageInfo[key] : undefined;
}

function sameInfo(a: AnswerInfo, b: AnswerInfo): boolean {
  return JSON.stringify([a.pageInfo, a.aggregate]) === JSON.stringify([b.pageInfo, b.aggregate]);
}
