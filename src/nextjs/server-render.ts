// The query cache of one page render on the server: runs queries over HTTP for the user of the page, and collects the results that are
// still to be streamed to the browser.

import { FrameworkClient, type InstantCoreDatabase } from 'triplane';
import type { HydrationChunk, QueryData } from './hydration-script.ts';

type CachedQuery =
  | { readonly status: 'pending'; readonly promise: Promise<void> }
  | { readonly status: 'fulfilled'; readonly data: QueryData }
  | { readonly status: 'rejected'; readonly error: unknown };

export class ServerQueryCache {
  readonly #client: FrameworkClient;
  readonly #queries = new Map<string, CachedQuery>();
  #unsent: HydrationChunk[] = [];

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- databases of every schema
  constructor(db: InstantCoreDatabase<any, any>, token: string | undefined) {
    this.#client = new FrameworkClient({ db, token: token ?? null });
  }

  /**
   * Returns the result, or throws a promise until it arrives (Suspense). On an error React renders on the client, where the query runs
   * again.
   */
  read(key: string, query: object): QueryData {
    const entry = this.#queries.get(key) ?? this.#startQuery(key, query);
    if (entry.status === 'fulfilled') return entry.data;

    throw entry.status === 'pending' ? entry.promise : entry.error;
  }

  /** Returns the results that arrived since the last call. */
  drainUnsent(): readonly HydrationChunk[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    return unsent;
  }

  #startQuery(key: string, query: object): CachedQuery {
    const promise = this.#runQuery(query).then(
      (data) => {
        this.#queries.set(key, { status: 'fulfilled', data });
        this.#unsent.push([key, data]);
      },
      (error: unknown) => void this.#queries.set(key, { status: 'rejected', error }),
    );
    const entry: CachedQuery = { status: 'pending', promise };
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
