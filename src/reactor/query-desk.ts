// Where queries are asked: live, or once. Listeners are told at the end of a task, however much changed within it.

import { TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import type { RemoveQuery, WireQuery } from '../protocol/query-messages.ts';
import { queryKey } from '../query/key.ts';
import type { QueryResult } from '../query/query.ts';
import { tellQuery } from './audience.ts';
import type { Back } from './desk.ts';
import type { AskedQuery, Listener } from './live-query.ts';

export interface AskOptions {
  /** Answered from what other queries hold, until the server speaks. */
  readonly local?: boolean | undefined;
}

export interface QueryWatch {
  /** Undefined before the first answer. The same object while nothing in it changed. */
  read(): QueryResult | TriplaneError | undefined;
  subscribe(changed: () => void): () => void;
}

export class QueryDesk {
  readonly #back: Back;
  /** What somebody listens to, whether it can be answered yet or not. */
  readonly asked = new Map<string, AskedQuery>();
  /** Queries whose listeners are to be told at the end of this task. */
  readonly #toTell = new Set<string>();

  constructor(back: Back) {
    this.#back = back;
  }

  /** Tells what is there, and then every change. Gives what ends it. */
  subscribe(query: WireQuery, listener: Listener, { local = this.#back.config.local }: AskOptions = {}): () => void {
    this.#back.assertOpen();
    const { queries } = this.#back.organs;
    const key = queryKey(query);
    const known = this.asked.get(key);
    const asked = known ?? { key, query, eventId: this.#back.config.random.eventId(), listeners: new Map(), isLocal: local };
    asked.listeners.set(listener, undefined);
    if (known) {
      const live = queries?.get(key);
      if (live?.source || live?.error) this.#back.run([{ do: 'show', key }]);
    } else this.#ask(asked);
    return () => this.#unsubscribe(asked, listener);
  }

  /** The server's answer, once. Rejects if there is none in time. */
  once(query: WireQuery, signal?: AbortSignal): Promise<QueryResult> {
    this.#back.assertOpen();
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const { clock, network, queryTimeoutMs } = this.#back.config;
    if (!network.isOnline()) {
      return Promise.reject(new TriplaneError('unreachable', 'The device is offline, and a query that is asked once needs the server'));
    }
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        forget();
        letGo();
        unsubscribe();
        settle();
      };
      const told = (result: QueryResult): void => end(() => resolve(result));
      const failed = (error: TriplaneError): void => end(() => reject(error));
      const forget = this.#back.replies.wait(clock.now() + queryTimeoutMs, failed);
      const unsubscribe = this.subscribe(query, { told, failed, wantsFresh: true });
      const letGo = onAbort(signal, (reason) => failed(reason as TriplaneError));
      this.#back.run([]);
    });
  }

  /** What listeners of an equal query see now. */
  peek(query: WireQuery): QueryResult | undefined {
    return this.#back.organs.queries?.get(queryKey(query))?.view.read();
  }

  /** The same query as something to look at whenever one likes, and to be told of: for those who draw it. */
  watch(query: WireQuery): QueryWatch {
    const { organs } = this.#back;
    const key = queryKey(query);
    return {
      read: () => {
        const live = organs.queries?.get(key);
        return live?.error ?? live?.view.read();
      },
      subscribe: (changed) => this.subscribe(query, { told: changed, failed: changed, emptied: changed }),
    };
  }

  /** Something may have changed for those who listen to this query. */
  show(key: string): void {
    // The same as `queueMicrotask`, which on Node makes an object to trace each call by.
    if (this.#toTell.size === 0) void Promise.resolve().then(() => this.#tell());
    this.#toTell.add(key);
  }

  shutDown(): void {
    this.#toTell.clear();
  }

  #tell(): void {
    const keys = [...this.#toTell];
    this.#toTell.clear();
    for (const key of keys) {
      const live = this.#back.organs.queries?.get(key);
      if (live) tellQuery(live, (error) => this.#back.report(error));
    }
  }

  #ask(asked: AskedQuery): void {
    const { key, query, eventId } = asked;
    this.asked.set(key, asked);
    const effects = this.#back.organs.queries?.open(asked) ?? [];
    this.#back.recall(key);
    this.#back.run([...effects, { do: 'send', message: { op: 'add-query', 'client-event-id': eventId, q: query } }]);
  }

  #unsubscribe({ key, query, listeners }: AskedQuery, listener: Listener): void {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    const { organs, config } = this.#back;
    this.asked.delete(key);
    organs.queries?.close(key);
    const message: RemoveQuery = { op: 'remove-query', 'client-event-id': config.random.eventId(), q: query };
    this.#back.run([{ do: 'send', message }, { do: 'prune' }]);
  }
}
