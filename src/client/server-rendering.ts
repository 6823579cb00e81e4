// Queries for server-side rendering: requested over HTTP on the server, sent to the browser with the page, and evaluated to the same result on
// both sides. Base class for framework adapters.

/* eslint-disable @typescript-eslint/no-explicit-any -- it serves databases and queries of every schema */

import { coerceQuery, weakHash } from './compat.ts';
import type { InstantCoreDatabase } from './database.ts';
import { Attrs } from '../db/attrs.ts';
import { Store } from '../db/store.ts';
import { TriplaneError } from '../errors.ts';
import { loadHttp } from './lazy-features.ts';
import { isWireAttr, type WireAttr } from '../protocol/attr.ts';
import { isObject } from '../lib/json.ts';
import { isWireResult } from '../protocol/query-result.ts';
import { type PageInfo, readResult } from '../protocol/query-result.ts';
import type { Triple } from '../protocol/triple.ts';
import { compile } from '../query/compile.ts';
import type { Query, QueryResult } from '../query/query.ts';
import { evaluate } from '../query/live-result.ts';
import type { Abortable } from '../lib/abort.ts';
import { internals } from '../lib/internals.ts';
import type { RuleParams } from '../types/query.ts';

export type FrameworkConfig = {
  /** The refresh token of the user for whom the page is rendered. */
  token?: string | null;
  db: InstantCoreDatabase<any, any>;
};

/** A result as it is sent with the page. */
export interface DehydratedResult {
  readonly type: 'http';
  readonly triples: Triple[];
  readonly attrs: WireAttr[];
  readonly queryHash: string;
  readonly query: Query;
  readonly pageInfo?: Record<string, PageInfo>;
}

export interface FrameworkResult {
  status: 'pending' | 'success' | 'error';
  type: 'http' | 'session';
  promise?: Promise<any> | null;
  data?: any;
  error?: unknown;
}

interface Options extends Abortable {
  ruleParams?: RuleParams | undefined;
}

/**
 * A store of results for server-side rendering.
 *
 * @example
 * const client = new FrameworkClient({ db, token });
 * const { triples, attrs, pageInfo } = await client.getTriplesAndAttrsForQuery({ todos: {} });
 * const { data } = client.completeIsomorphic({ todos: {} }, triples, attrs, pageInfo);
 */
export class FrameworkClient {
  readonly resultMap = new Map<string, FrameworkResult>();
  readonly #config: FrameworkConfig;
  readonly #listeners: ((dehydrated: Omit<DehydratedResult, 'type'>) => void)[] = [];

  constructor(config: FrameworkConfig) {
    this.#config = config;
  }

  /** Calls back with each result that arrived over HTTP and must be sent with the page. */
  subscribe = (callback: (dehydrated: Omit<DehydratedResult, 'type'>) => void): void => {
    this.#listeners.push(callback);
  };

  /** In the browser: adds a result that arrived with the page. */
  addQueryResult = (queryKey: string, value: DehydratedResult): void => {
    this.resultMap.set(queryKey, { type: value.type, status: 'success', data: value, promise: null, error: null });
  };

  removeCachedQueryResult = (queryHash: string): void => {
    this.resultMap.delete(queryHash);
  };

  /** In the browser: requests the result over the session, once. */
  queryClient = (query: Query, opts?: Options): Promise<any> => {
    const promise = this.#config.db.queryOnce(this.hashQuery(query, opts).query as never, { signal: opts?.signal });
    this.#track(query, opts, 'session', promise);
    return promise;
  };

  /** Requests the result over the session if there is one, otherwise over HTTP. */
  query = (query: Query, opts?: Options): FrameworkResult => {
    const { hash, query: prepared } = this.hashQuery(query, opts);
    if (this.#config.db[internals].reactor.isReady) {
      return this.#track(query, opts, 'session', this.#config.db.queryOnce(prepared as never, { signal: opts?.signal }));
    }
    const promise = this.getTriplesAndAttrsForQuery(prepared, opts);
    promise.then(
      ({ triples, attrs, pageInfo }) => {
        const dehydrated = { queryHash: hash, query: prepared, attrs, triples, ...(pageInfo && { pageInfo }) };
        for (const listener of this.#listeners) listener(dehydrated);
      },
      () => {},
    );
    return this.#track(query, opts, 'http', promise);
  };

  getExistingResultForQuery = (query: Query, opts?: Options): FrameworkResult | undefined =>
    this.resultMap.get(this.hashQuery(query, opts).hash);

  /** Evaluates a query on its triples: the same result on the server and in the browser. */
  completeIsomorphic = (query: Query, triples: Triple[], attrs: WireAttr[], pageInfo?: Record<string, PageInfo>): QueryResult => {
    const { links, useDates } = this.#config.db[internals].reactor.config;
    const attrCatalog = Attrs.from(attrs);
    const store = new Store(attrCatalog, { useDates });
    store.load(triples);
    return evaluate(compile(query, attrCatalog, { singular: links }), store, { pageInfo });
  };

  hashQuery = (query: Query, opts?: Options): { hash: string; query: Query } => {
    const prepared = coerceQuery(opts && 'ruleParams' in opts ? { $$ruleParams: opts.ruleParams, ...query } : query);
    return { hash: weakHash(prepared), query: prepared };
  };

  /** @throws InstantAPIError if the server rejects the query; TriplaneError 'server-failed' if the response is invalid */
  getTriplesAndAttrsForQuery = async (query: Query, opts?: Abortable): Promise<DehydratedResult> => {
    const { token, db } = this.#config;
    const { reactor, app } = db[internals];
    const headers = { 'app-id': app.appId, authorization: token ? `Bearer ${token}` : undefined };
    const call = { method: 'POST', path: '/runtime/framework/query', headers, body: { query } } as const;
    const response = await reactor.call(async (signal) => (await loadHttp()).request(app, { ...call, signal }), opts?.signal);
    if (!isObject(response) || !Array.isArray(response.attrs) || !response.attrs.every(isWireAttr) || !isWireResult(response.result)) {
      throw new TriplaneError('server-failed', 'The response to POST /runtime/framework/query is not a query result');
    }
    const { triples, pageInfo } = readResult(response.result);
    const queryHash = this.hashQuery(query).hash;
    return { type: 'http', attrs: response.attrs, triples: [...triples], queryHash, query, ...(pageInfo && { pageInfo: { ...pageInfo } }) };
  };

  #track(query: Query, opts: Options | undefined, type: FrameworkResult['type'], promise: Promise<unknown>): FrameworkResult {
    const result: FrameworkResult = { status: 'pending', type, data: undefined, error: undefined, promise };
    promise.then(
      (data) => Object.assign(result, { status: 'success', data, promise: null }),
      (error: unknown) => Object.assign(result, { status: 'error', error, promise: null }),
    );
    this.resultMap.set(this.hashQuery(query, opts).hash, result);
    return result;
  }
}
