// Runs queries, live or once. Listeners are notified once per task, however many changes it makes.

import { TriplaneError } from '../../errors.ts';
import { onAbort, throwIfAborted } from '../../lib/abort.ts';
import type { RemoveQuery, WireQuery } from '../../protocol/query-messages.ts';
import { queryKey } from '../../query/key.ts';
import type { QueryResult } from '../../query/query.ts';
import { Snapshot } from '../../query/snapshot.ts';
import { asError } from '../client-errors.ts';
import { limitErrorOf } from '../limits.ts';
import { notifyListeners } from '../notify.ts';
import type { ClientContext } from '../context.ts';
import type { Listener, LiveQuery } from './live-query.ts';
import { outcomeOf } from './query-errors.ts';

export interface SubscribeQueryOptions {
  /** Evaluated on other queries' results until the server answers. */
  readonly local?: boolean | undefined;
}

export interface ExternalQueryStore {
  /** Undefined before the first result. The same object while nothing in it changed. */
  read(): QueryResult | TriplaneError | undefined;
  /** A `read` whose results are not shared with other readers. */
  reader(): () => QueryResult | TriplaneError | undefined;
  subscribe(changed: () => void): () => void;
}

export class QueryApi {
  readonly #context: ClientContext;
  /** Queries whose listeners are notified at the end of this task. */
  readonly #toNotify = new Set<string>();

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /**
   * Notifies the listener of the current result and of every change. Each listener receives its own arrays.
   *
   * @returns an unsubscribe function
   */
  subscribe(query: WireQuery, listener: Listener, options?: SubscribeQueryOptions): () => void {
    const snapshot = new Snapshot();
    return this.#listen(query, { ...listener, onResult: (result) => listener.onResult(snapshot.of(result)) }, options);
  }

  #listen(query: WireQuery, listener: Listener, { local = this.#context.config.local }: SubscribeQueryOptions = {}): () => void {
    this.#context.assertOpen();
    const { queries } = this.#context.state;
    const key = queryKey(query);
    const known = queries.get(key);
    const live = known ?? queries.open({ key, query, eventId: this.#context.config.random.eventId(), isLocal: local });
    live.listeners.set(listener, undefined);
    if (!known) this.#request(live);
    if ((known && live.source) || live.error || live.view.error) this.#context.run([{ do: 'show', key }]);
    return () => this.#unsubscribe(live, listener);
  }

  /** Resolves to the server's result. Rejects if there is none in time. */
  once(query: WireQuery, signal?: AbortSignal): Promise<QueryResult> {
    this.#context.assertOpen();
    const { clock, network, queryTimeoutMs } = this.#context.config;
    if (!network.isOnline()) {
      return Promise.reject(new TriplaneError('unreachable', 'The device is offline, and a query that is asked once needs the server'));
    }
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const cleanups: (() => void)[] = [];
      const end = (settle: () => void): void => {
        for (const cleanup of cleanups.splice(0)) cleanup();
        settle();
      };
      const onResult = (result: QueryResult): void => end(() => resolve(result));
      const onError = (error: TriplaneError): void => end(() => reject(error));
      // Each clean-up is registered before the next step, which may throw or settle the promise immediately.
      cleanups.push(this.#context.pendingCalls.wait(clock.monotonicNow() + queryTimeoutMs, onError));
      try {
        cleanups.push(this.subscribe(query, { onResult, onError, wantsFresh: true }));
        cleanups.push(onAbort(signal, (reason) => onError(reason as TriplaneError)));
      } catch (error) {
        onError(asError(error, 'query-invalid'));
      }
      this.#context.run([]);
    });
  }

  /** The current result of listeners of an equal query. */
  peek(query: WireQuery): QueryResult | undefined {
    const live = this.#context.state.queries.get(queryKey(query));
    const result = live && outcomeOf(live).result;
    return result && new Snapshot().of(result);
  }

  /** The query as an external store: can be read at any time and notifies of changes. For renderers. */
  externalStore(query: WireQuery): ExternalQueryStore {
    const { state } = this.#context;
    const key = queryKey(query);
    const reader = (): ExternalQueryStore['read'] => {
      const snapshot = new Snapshot();
      return () => {
        const live = state.queries.get(key);
        const { error, result } = live ? outcomeOf(live) : {};
        return error ?? (result && snapshot.of(result));
      };
    };
    return {
      read: reader(),
      reader,
      subscribe: (changed) => this.#listen(query, { onResult: changed, onError: changed, onReset: changed }),
    };
  }

  /** Something may have changed for the listeners of this query. */
  scheduleNotify(key: string): void {
    // Equivalent to `queueMicrotask`, which on Node allocates a tracing object per call.
    if (this.#toNotify.size === 0) void Promise.resolve().then(() => this.#notify());
    this.#toNotify.add(key);
  }

  shutDown(): void {
    this.#toNotify.clear();
  }

  #notify(): void {
    const keys = [...this.#toNotify];
    this.#toNotify.clear();
    const { account, state } = this.#context;
    for (const key of keys) {
      const live = state.queries.get(key);
      if (live && !(live.source && account.isReading)) notifyListeners(live, (error) => this.#context.report(error));
    }
  }

  #request(live: LiveQuery): void {
    const { queries, session } = this.#context.state;
    const message = queries.request(live);
    const error = limitErrorOf(message, session.limits);
    if (error) return this.#context.run(queries.onError(live, error, undefined));
    this.#context.hydrate(live.key);
    this.#context.run([...(live.isLocal ? queries.hydrateLocally(live) : []), { do: 'send', message }]);
  }

  #unsubscribe({ key, query, listeners }: LiveQuery, listener: Listener): void {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    const { state, config } = this.#context;
    this.#context.persistResult(key);
    state.queries.close(key);
    const message: RemoveQuery = { op: 'remove-query', 'client-event-id': config.random.eventId(), q: query };
    this.#context.run([{ do: 'send', message }, { do: 'prune' }]);
  }
}
