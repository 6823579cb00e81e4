// The result of a query over a Db, once or updated incrementally. The result and its rows keep their identity while they do not change.

import type { Db } from '../db/db.ts';
import type { ChangeSet } from '../db/change-set.ts';
import type { CompiledQuery, QueryNode } from './compile.ts';
import { List } from './list.ts';
import { isPaged } from './paging.ts';
import { newPass, within } from './pass.ts';
import type { PageInfo, QueryResult } from './query.ts';
import { trace } from './trace.ts';
import { hasOwn } from '../lib/own.ts';

/** Parts of the server's result that are passed on. */
export interface ResultInfo {
  /** From a server's result: then every limited list has a page. */
  readonly isFromServer?: boolean;
  readonly pageInfo?: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate?: Readonly<Record<string, unknown>> | undefined;
}

const EMPTY_PAGE: PageInfo = { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false };

/** Evaluates a query once. */
export function evaluate(compiled: CompiledQuery, db: Db, info: ResultInfo = {}): QueryResult {
  return new LiveResult(compiled, db, info).result;
}

/** The result of a query, updated with each change set. */
export class LiveResult {
  readonly #compiled: CompiledQuery;
  #info: ResultInfo;
  readonly #lists: readonly { readonly node: QueryNode; readonly list: List }[];
  /** In a tree: the namespaces that are counted but not returned. */
  readonly #counted: readonly (readonly [key: string, rows: readonly object[]])[];
  #data: QueryResult['data'] | undefined;
  #result: QueryResult | undefined;

  constructor(compiled: CompiledQuery, db: Db, info: ResultInfo = {}) {
    this.#compiled = compiled;
    this.#info = info;
    const nodes = compiled.nodes.filter(({ options }) => options.aggregate === undefined);
    const counted = compiled.nodes.filter(({ options, tree }) => tree && options.aggregate !== undefined);
    this.#counted = counted.map(({ key }) => [key, []] as const);
    this.#lists = within(newPass(), () => nodes.map((node) => ({ node, list: new List(node, db, pageOf(node, info)) })));
  }

  /** The same object while nothing in it changes. */
  get result(): QueryResult {
    const { aggregate } = this.#info;
    const pageInfo = this.#pageInfo();
    this.#data ??= Object.fromEntries([...this.#counted, ...this.#lists.map(({ node, list }) => [node.key, list.items] as const)]);
    return (this.#result ??= { data: this.#data, ...(pageInfo && { pageInfo }), ...(aggregate && { aggregate }) });
  }

  /** Servers omit the page of an unknown namespace: it has no entities, so the page is empty. */
  #pageInfo(): ResultInfo['pageInfo'] {
    const { pageInfo } = this.#info;
    const missing = this.#lists.filter(({ node }) => this.#info.isFromServer && isPaged(node) && !pageOf(node, this.#info));
    return missing.length === 0 ? pageInfo : { ...pageInfo, ...Object.fromEntries(missing.map(({ node }) => [node.key, EMPTY_PAGE])) };
  }

  /** Applies a change of the Db, and the info of a new server result. Returns whether the result changed. */
  update(changeSet: ChangeSet, db: Db, info?: ResultInfo): boolean {
    if (!info && ![...changeSet.keys()].some((etype) => this.#compiled.etypes.has(etype))) return false;
    return within(newPass(), () => this.#update(changeSet, db, info));
  }

  #update(changeSet: ChangeSet, db: Db, info: ResultInfo | undefined): boolean {
    let isChanged = false;
    if (info && !sameInfo(this.#info, info)) {
      isChanged = true;
      this.#info = info;
    }
    for (const { node, list } of this.#lists) {
      const traced = trace(node, changeSet, db);
      const isTouched = info !== undefined || traced.ids.size > 0;
      if (!isTouched || !list.update(traced.ids, traced, changeSet, db, pageOf(node, this.#info))) continue;
      isChanged = true;
      this.#data = undefined;
    }
    if (isChanged) this.#result = undefined;
    return isChanged;
  }
}

/** A namespace may have the name of a property of Object.prototype. */
function pageOf({ key }: QueryNode, { pageInfo }: ResultInfo): PageInfo | undefined {
  return pageInfo && hasOwn(pageInfo, key) ? pageInfo[key] : undefined;
}

function sameInfo(a: ResultInfo, b: ResultInfo): boolean {
  return JSON.stringify([a.pageInfo, a.aggregate]) === JSON.stringify([b.pageInfo, b.aggregate]);
}
