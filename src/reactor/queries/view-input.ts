// The source of a result and its form for subscribers. Also the outcome of ingesting a result ahead of its turn: only the changes, so that
// applying it is fast.

import type { Attrs } from '../../db/attrs.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { Layer } from '../../db/layer.ts';
import type { QueryResult } from '../../query/query.ts';
import type { ResultInfo, LiveResult } from '../../query/live-result.ts';
import type { Store } from '../../db/store.ts';
import type { ViewOptions } from './compilation.ts';
import type { KnownRows } from './known-rows.ts';

export interface ViewConfig extends ViewOptions {
  /** What other queries' results tell. */
  readonly known?: KnownRows | undefined;
  readonly attrs: Attrs;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

/** The server, the cache, or other queries' results. Anything not from the server may be outdated or incomplete. */
export type ResultSource = 'server' | 'cache' | 'local';

/** What a subscriber receives. */
export interface SubscriberResult extends QueryResult {
  /** The server has not answered yet: this may be outdated and, if it is `local`, incomplete. */
  readonly isStale?: true;
  readonly source?: 'cache' | 'local';
}

/** The same object for the same result and source. */
export class StaleMarker {
  #input: QueryResult | undefined;
  #source: ResultSource = 'server';
  #marked: SubscriberResult | undefined;

  mark(result: QueryResult, source: ResultSource): SubscriberResult {
    if (source === 'server') return result;
    if (this.#input === result && this.#source === source && this.#marked) return this.#marked;
    this.#input = result;
    this.#source = source;
    this.#marked = { ...result, isStale: true, source };
    return this.#marked;
  }
}

/** Identity only: replaced when a result would be ingested differently. */
export type BaseVersion = object;

export interface IngestedResult {
  readonly baseVersion: BaseVersion;
  readonly info: ResultInfo;
  /** The changes to the current result. */
  readonly changes: Layer;
  /** Replaces the result if there is none. */
  readonly fresh?: { readonly store: Store; readonly live: LiveResult; readonly changeSet: ChangeSet };
}
