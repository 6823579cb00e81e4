// `db.subscribeInfiniteQuery`: a list that loads page by page and stays live as a whole.
//
//   newer ◀─ [head, growing] [head, full] │ [page 1] [page 2] [last page] ─▶ loadNextPage
//                                         └ start of the list in its first result
//
// Every page is a live query of its own, bounded by cursors on both sides except at the two ends. Rows inserted before the start arrive in
// the growing head. A full head is closed with a cursor, and a new one follows.

import type { Cursor, PageInfo } from '../protocol/query-result.ts';
import type { QueryNodeShape, QueryNodeOptions, QueryResult } from '../query/query.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { queryKey } from '../query/key.ts';
import { QueryValidationError, type TriplaneError } from '../errors.ts';
import { type Abortable, endWithSignal } from '../lib/abort.ts';
import type { SubscriberResult } from '../reactor/queries/view-input.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { InfiniteQuerySubscription } from '../types/database.ts';
import type { InstaQLOptions } from '../types/query.ts';
import type { ResolvedConfig } from './config.ts';
import { toWireQuery } from './wire-query.ts';

export interface ListRequest {
  readonly etype: string;
  readonly node: QueryNodeShape;
}

/** @throws QueryValidationError unless the query has exactly one namespace */
export function readListRequest({ $$ruleParams: _, ...nodes }: Readonly<Record<string, unknown>>): ListRequest {
  const [[etype, node] = [], ...others] = Object.entries(nodes);
  if (etype === undefined || !node || others.length > 0)
    throw new QueryValidationError('An infinite query must have exactly one namespace');
  return { etype, node: node as QueryNodeShape };
}

const defaultOrder = { serverCreatedAt: 'asc' };

interface FirstPage extends QueryNodeShape {
  readonly $: QueryNodeOptions & { readonly limit: number; readonly order: NonNullable<QueryNodeOptions['order']> };
}

export function firstPage({ node }: ListRequest): FirstPage {
  const { where, fields, limit, order = {} } = node.$ ?? {};
  return { ...node, $: { where, fields, limit: limit ?? 10, order: Object.keys(order).length > 0 ? order : defaultOrder } };
}

type Rows = readonly unknown[];
type Direction = 'older' | 'newer';

/** The part of a database that pages need. */
export interface PageSource {
  subscribe(
    query: Record<string, QueryNodeShape>,
    onUpdate: (result: QueryResult) => void,
    onError: (error: TriplaneError) => void,
    /** Another user signed in: earlier results must not be shown to them. */
    onReset: () => void,
  ): () => void;
}

export interface ShownList {
  readonly error: undefined;
  readonly data: Record<string, Rows>;
  readonly canLoadNextPage: boolean;
}
export type ListUpdate = { readonly error: TriplaneError; readonly data: undefined; readonly canLoadNextPage: false } | ShownList;

interface Page {
  readonly direction: Direction;
  readonly after: Cursor;
  readonly isInclusive: boolean;
  rows: Rows;
  info: PageInfo | undefined;
  /** Has a cursor on its far side too. */
  isClosed: boolean;
  stop: () => void;
}

export class InfiniteList {
  readonly #etype: string;
  readonly #first: ReturnType<typeof firstPage>;
  readonly #source: PageSource;
  readonly #onUpdate: (update: ListUpdate) => void;
  /** Both in order from the start of the list outwards. */
  readonly #older: Page[] = [];
  readonly #newer: Page[] = [];
  #stopFirst: (() => void) | undefined;
  /** The only page while all rows fit on it: there is no cursor for the start yet. */
  #shortList: Rows | undefined;
  #isEnded = false;
  #last: ListUpdate | undefined;

  constructor(request: ListRequest, source: PageSource, onUpdate: (update: ListUpdate) => void) {
    this.#etype = request.etype;
    this.#first = firstPage(request);
    this.#source = source;
    this.#onUpdate = onUpdate;
    this.#start();
  }

  /** What the subscriber was told last, unless that was an error. */
  get shown(): ShownList | undefined {
    return this.#last?.error === undefined ? this.#last : undefined;
  }

  loadNextPage(): void {
    const last = this.#older.at(-1);
    if (this.#isEnded || !last?.info?.hasNextPage || !last.info.endCursor) return;
    this.#close(last);
    this.#open('older', last.info.endCursor, false);
  }

  end(): void {
    this.#isEnded = true;
    this.#stop();
  }

  #start(): void {
    const stop = this.#subscribe(this.#first, (result) => this.#begin(result));
    if (this.#older.length > 0 || this.#isEnded) stop();
    else this.#stopFirst = stop;
  }

  #stop(): void {
    this.#stopFirst?.();
    this.#stopFirst = undefined;
    for (const page of [...this.#older.splice(0), ...this.#newer.splice(0)]) page.stop();
  }

  /** Another user signed in: the list starts again, empty. */
  readonly #restart = (): void => {
    if (this.#isEnded) return;
    this.#stop();
    this.#shortList = [];
    this.#notify();
    this.#start();
  };

  #begin({ data, pageInfo }: QueryResult): void {
    if (this.#isEnded || this.#older.length > 0) return;
    const rows = data[this.#etype] ?? [];
    const start = pageInfo?.[this.#etype]?.startCursor;
    if (rows.length < this.#first.$.limit || !start) {
      this.#shortList = rows;
      this.#notify();
      return;
    }
    this.#open('older', start, true);
    this.#open('newer', start, false);
    this.#stopFirst?.();
    this.#stopFirst = undefined;
  }

  #open(direction: Direction, after: Cursor, isInclusive: boolean): void {
    const page: Page = { direction, after, isInclusive, rows: [], info: undefined, isClosed: false, stop: () => {} };
    this.#pages(direction).push(page);
    this.#request(page, { limit: this.#first.$.limit });
  }

  /** Closes the page: from its near side to its present end, including rows inserted in between later. */
  #close(page: Page): void {
    if (page.isClosed || !page.info?.endCursor) return;
    page.isClosed = true;
    const stop = page.stop;
    this.#request(page, { before: page.info.endCursor, beforeInclusive: true });
    stop();
  }

  #request(page: Page, bounds: NonNullable<QueryNodeShape['$']>): void {
    const { where, fields, order } = this.#first.$;
    const $ = {
      where,
      fields,
      ...bounds,
      after: page.after,
      ...(page.isInclusive && { afterInclusive: true }),
      order: page.direction === 'older' ? order : reversed(order),
    };
    page.stop = this.#subscribe({ ...this.#first, $ }, (result) => this.#onResult(page, result));
  }

  #subscribe(node: QueryNodeShape, onUpdate: (result: QueryResult) => void): () => void {
    return this.#source.subscribe({ [this.#etype]: node }, onUpdate, this.#onError, this.#restart);
  }

  #onResult(page: Page, { data, pageInfo }: QueryResult): void {
    if (this.#isEnded) return;
    page.rows = data[this.#etype] ?? [];
    page.info = pageInfo?.[this.#etype];
    this.#shortList = undefined;
    if (page.direction === 'newer' && !page.isClosed && page.info?.hasNextPage && page.info.endCursor) {
      const end = page.info.endCursor;
      this.#close(page);
      this.#open('newer', end, false);
    }
    this.#notify();
  }

  #pages(direction: Direction): Page[] {
    return direction === 'older' ? this.#older : this.#newer;
  }

  #notify(): void {
    const [first] = this.#older;
    if (!this.#shortList && !first?.info) return;
    const newer = [...this.#newer].reverse().flatMap(({ rows }) => [...rows].reverse());
    const rows = this.#shortList ?? [...newer, ...this.#older.flatMap((page) => page.rows)];
    const canLoadNextPage = this.#older.at(-1)?.info?.hasNextPage ?? false;
    this.#tell({ error: undefined, data: { [this.#etype]: rows }, canLoadNextPage });
  }

  #tell(update: ListUpdate): void {
    // A copy: the subscriber may sort the array it is given.
    this.#last = update.data ? { ...update, data: { [this.#etype]: [...(update.data[this.#etype] ?? [])] } } : update;
    this.#onUpdate(update);
  }

  readonly #onError = (error: TriplaneError): void => {
    // A page that waits for a connection does not take the others from the screen.
    const isPageAwaited = error.code === 'unreachable' && this.#older[0]?.info !== undefined;
    if (!this.#isEnded && !isPageAwaited) this.#tell({ error, data: undefined, canLoadNextPage: false });
  };
}

/** @throws QueryValidationError, TriplaneError 'closed' */
export function subscribeInfiniteList(
  reactor: Reactor,
  app: ResolvedConfig,
  query: unknown,
  onUpdate: (update: ListUpdate) => void,
  opts: (Partial<InstaQLOptions> & Abortable) | undefined,
): InfiniteQuerySubscription {
  reactor.assertOpen();
  const request = readListRequest(toWireQuery(query, app));
  const key = queryKey(firstPageQuery(request, opts));
  const others = [...openLists(reactor, key)];
  // An equal list on the screen is newer than what is stored; where the server cannot be asked, that is better than nothing.
  const isOutdated = ({ isStale }: SubscriberResult): boolean =>
    isStale === true && reactor.isReady && others.some((list) => list.shown && openLists(reactor, key).has(list));
  const source: PageSource = {
    subscribe: (page, tell, onError, onReset) => {
      const onResult = (result: QueryResult): void => void (isOutdated(result) || tell(result));
      return reactor.queries.subscribe(toWireQuery(page, { disableValidation: true }, opts), { onResult, onError, onReset });
    },
  };
  const list = new InfiniteList(request, source, onUpdate);
  openLists(reactor, key).add(list);
  const unsubscribe = endWithSignal(opts?.signal, () => {
    list.end();
    openLists(reactor, key).delete(list);
  });
  return { unsubscribe, loadNextPage: () => list.loadNextPage() };
}

const listsByReactor = new WeakMap<Reactor, Map<string, Set<InfiniteList>>>();

function openLists(reactor: Reactor, key: string): Set<InfiniteList> {
  const lists = listsByReactor.get(reactor) ?? new Map<string, Set<InfiniteList>>();
  listsByReactor.set(reactor, lists);
  for (const [other, open] of lists) if (open.size === 0) lists.delete(other);
  const open = lists.get(key) ?? new Set();
  lists.set(key, open);
  return open;
}

export function firstPageQuery(request: ListRequest, opts: Partial<InstaQLOptions> | undefined): WireQuery {
  return toWireQuery({ [request.etype]: firstPage(request) }, { disableValidation: true }, opts);
}

/** The list that a subscriber of an equal query was told last. */
export function shownList(reactor: Reactor, firstPage: WireQuery): ShownList | undefined {
  for (const list of openLists(reactor, queryKey(firstPage))) if (list.shown) return list.shown;
  return undefined;
}

function reversed(order: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(order).map(([label, direction]) => [label, direction === 'desc' ? 'asc' : 'desc']));
}
