// The query cache of one page render on the server: runs queries over HTTP for the user of the page, and collects the results that are
// still to be streamed to the browser.

import { FrameworkClient, type InstantCoreDatabase } from 'triplane';
import { SuspenseLoops } from '../lib/suspense-loops.ts';
import type { HydrationChunk, QueryData } from './hydration-script.ts';

interface CachedQuery {
  readonly promise: Promise<void>;
  /** Undefined while the query runs. */
  outcome: { readonly data: QueryData } | { readonly error: unknown } | undefined;
}

export class ServerQueryCache {
  readonly #client: FrameworkClient;
  readonly #queries = new Map<string, CachedQuery>();
  readonly #loops = new SuspenseLoops<CachedQuery>(({ outcome }) => !outcome);
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
    const { outcome } = entry;
    if (!outcome) {
      // React would render the page, and this would ask, without end.
      const endless = this.#loops.noteSuspended(entry, query);
      if (endless !== undefined) throw new Error(endless);
      throw entry.promise; // eslint-disable-line @typescript-eslint/only-throw-error -- Suspense
    }
    if ('error' in outcome) throw outcome.error;
    this.#loops.markRead(entry);
    return outcome.data;
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
        entry.outcome = { data };
        this.#unsent.push([key, data]);
      },
      (error: unknown) => void (entry.outcome = { error }),
    );
    const entry: CachedQuery = { promise, outcome: undefined };
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
