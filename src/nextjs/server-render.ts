// One page while a server renders it: what was asked for it, over HTTP and for whom the page is, and what of that is still to be sent along.

import { FrameworkClient, type InstantCoreDatabase } from 'triplane';

import type { QueryData, HydrationChunk } from './hydration-script.ts';

type CachedQuery =
  | { readonly status: 'waiting'; readonly promise: Promise<void> }
  | { readonly status: 'there'; readonly data: QueryData }
  | { readonly status: 'refused'; readonly error: unknown };

export class ServerQueryCache {
  readonly #client: FrameworkClient;
  readonly #queries = new Map<string, CachedQuery>();
  #unsent: HydrationChunk[] = [];

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- databases of every schema
  constructor(db: InstantCoreDatabase<any, any>, token: string | undefined) {
    this.#client = new FrameworkClient({ db, token: token ?? null });
  }

  /** Throws a promise until it is there, as React wants; an error goes to the browser, which asks for itself. */
  read(key: string, query: object): QueryData {
    const entry = this.#queries.get(key) ?? this.#startQuery(key, query);
    if (entry.status === 'there') return entry.data;

    throw entry.status === 'waiting' ? entry.promise : entry.error;
  }

  /** What has come since the last time. */
  drainUnsent(): readonly HydrationChunk[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    return unsent;
  }

  #startQuery(key: string, query: object): CachedQuery {
    const promise = this.#runQuery(query).then(
      (data) => {
        this.#queries.set(key, { status: 'there', data });
        this.#unsent.push([key, data]);
      },
      (error: unknown) => void this.#queries.set(key, { status: 'refused', error }),
    );
    const entry: CachedQuery = { status: 'waiting', promise };
    this.#queries.set(key, entry);
    return entry;
  }

  async #runQuery(query: object): Promise<QueryData> {
    const client = this.#client;
    const { triples, attrs, pageInfo } = await client.getTriplesAndAttrsForQuery(query as never);
    const result = client.completeIsomorphic(query as never, triples, attrs, pageInfo);
    return { data: result.data, pageInfo: result.pageInfo };
  }
}
