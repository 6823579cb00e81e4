// Queries for pages that are rendered on a server: answered over HTTP there, handed to the browser with the page, and made into
// the same result on both sides. Base of an adapter to a framework.

/* eslint-disable @typescript-eslint/no-explicit-any -- it serves databases and queries of every schema */

import { coerceQuery, weakHash } from './compat.ts';
import type { InstantCoreDatabase } from './database.ts';
import { Attrs } from './db/attrs.ts';
import { Store } from './db/store.ts';
import { TriplaneError } from './errors.ts';
import { request } from './http/request.ts';
import { isWireAttr, type WireAttr } from './protocol/attr.ts';
import { isObject } from './protocol/check.ts';
import { isAnswer } from './protocol/is-answer.ts';
import { type PageInfo, readAnswer } from './protocol/query-answer.ts';
import type { Triple } from './protocol/triple.ts';
import { compile } from './query/compile.ts';
import type { Query, QueryResult } from './query/query.ts';
import { evaluate } from './query/run.ts';
import type { Abortable } from './types/abort.ts';
import type { RuleParams } from './types/query.ts';

export type FrameworkConfig = {
  /** The refresh token of whom the page is rendered for. */
  token?: string | null;
  db: InstantCoreDatabase<any, any>;
};

/** An answer as it travels with the page. */
export interface FrameworkAnswer {
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
 * A small store of answers for server-side rendering.
 *
 * @example
 * const client = new FrameworkClient({ db, token });
 * const { triples, attrs, pageInfo } = await client.getTriplesAndAttrsForQuery({ todos: {} });
 * const { data } = client.completeIsomorphic({ todos: {} }, triples, attrs, pageInfo);
 */
export class FrameworkClient {
  readonly resultMap = new Map<string, FrameworkResult>();
  readonly #config: FrameworkConfig;
  readonly #listeners: ((answer: Omit<FrameworkAnswer, 'type'>) => void)[] = [];

  constructor(config: FrameworkConfig) {
    this.#config = config;
  }

  /** Tells each answer that came over HTTP: it is to be sent along with the page. */
  subscribe = (callback: (answer: Omit<FrameworkAnswer, 'type'>) => void): void => {
    this.#listeners.push(callback);
  };

  /** In the browser: an answer that came with the page. */
  addQueryResult = (queryKey: string, value: FrameworkAnswer): void => {
    this.resultMap.set(queryKey, { type: value.type, status: 'success', data: value, promise: null, error: null });
  };

  removeCachedQueryResult = (queryHash: string): void => {
    this.resultMap.delete(queryHash);
  };

  /** In the browser: asked over the session, once. */
  queryClient = (query: Query, opts?: Options): Promise<any> => {
    const promise = this.#config.db.queryOnce(this.hashQuery(query, opts).query as never, { signal: opts?.signal });
    this.#keep(query, opts, 'session', promise);
    return promise;
  };

  /** Over the session if there is one, else over HTTP. */
  query = (query: Query, opts?: Options): FrameworkResult => {
    const { hash, query: asked } = this.hashQuery(query, opts);
    if (this.#config.db._reactor.isReady) {
      return this.#keep(query, opts, 'session', this.#config.db.queryOnce(asked as never, { signal: opts?.signal }));
    }
    const promise = this.getTriplesAndAttrsForQuery(asked, opts);
    promise.then(
      ({ triples, attrs, pageInfo }) => {
        const answer = { queryHash: hash, query: asked, attrs, triples, ...(pageInfo && { pageInfo }) };
        for (const tell of this.#listeners) tell(answer);
      },
      () => {},
    );
    return this.#keep(query, opts, 'http', promise);
  };

  getExistingResultForQuery = (query: Query, opts?: Options): FrameworkResult | undefined =>
    this.resultMap.get(this.hashQuery(query, opts).hash);

  /** The result of a query, from its triples: the same on a server and in a browser. */
  completeIsomorphic = (query: Query, triples: Triple[], attrs: WireAttr[], pageInfo?: Record<string, PageInfo>): QueryResult => {
    const { links, useDates } = this.#config.db._reactor.config;
    const catalogue = Attrs.from(attrs);
    const store = new Store(catalogue, { useDates });
    store.load(triples);
    return evaluate(compile(query, catalogue, { singular: links }), store, { pageInfo });
  };

  hashQuery = (query: Query, opts?: Options): { hash: string; query: Query } => {
    const asked = coerceQuery(opts && 'ruleParams' in opts ? { $$ruleParams: opts.ruleParams, ...query } : query);
    return { hash: weakHash(asked), query: asked };
  };

  /** @throws InstantAPIError if the server refuses; TriplaneError 'server-failed' for an answer that makes no sense */
  getTriplesAndAttrsForQuery = async (query: Query, opts?: Abortable): Promise<FrameworkAnswer> => {
    const { token, db } = this.#config;
    const { appId } = db._app;
    const headers = { 'app-id': appId, authorization: token ? `Bearer ${token}` : undefined };
    const call = { method: 'POST', path: '/runtime/framework/query', headers, body: { query } } as const;
    const said = await db._reactor.call((signal) => request(db._app, { ...call, signal }), opts?.signal);
    if (!isObject(said) || !Array.isArray(said.attrs) || !said.attrs.every(isWireAttr) || !isAnswer(said.result)) {
      throw new TriplaneError('server-failed', 'POST /runtime/framework/query was answered with what is no answer to a query');
    }
    const { triples, pageInfo } = readAnswer(said.result);
    const queryHash = this.hashQuery(query).hash;
    return { type: 'http', attrs: said.attrs, triples: [...triples], queryHash, query, ...(pageInfo && { pageInfo: { ...pageInfo } }) };
  };

  #keep(query: Query, opts: Options | undefined, type: FrameworkResult['type'], promise: Promise<unknown>): FrameworkResult {
    const result: FrameworkResult = { status: 'pending', type, data: undefined, error: undefined, promise };
    promise.then(
      (data) => Object.assign(result, { status: 'success', data, promise: null }),
      (error: unknown) => Object.assign(result, { status: 'error', error, promise: null }),
    );
    this.resultMap.set(this.hashQuery(query, opts).hash, result);
    return result;
  }
}
