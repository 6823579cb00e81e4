// The source of a result, and its form for subscribers.

// What comes of reading an answer before its turn: no more than what changes, so that taking it over is a moment's work.

import type { ChangeSet } from '../../db/change-set.ts';
import type { Layer } from '../../db/layer.ts';
import type { QueryResult } from '../../query/query.ts';
import type { ResultInfo, LiveResult } from '../../query/live-result.ts';
import type { Store } from '../../db/store.ts';

/** The server; what was kept of an earlier start; or what other queries hold. What is not from the server may be old, or incomplete. */
export type ResultSource = 'server' | 'cache' | 'local';

/** What a subscriber sees. */
export interface SubscriberResult extends QueryResult {
  /** The server has not answered yet: this may be old, and if it is `local`, incomplete. */
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

/** Nothing but itself: another one where an answer would be read otherwise. */
export type BaseVersion = object;

export interface IngestedResult {
  readonly baseVersion: BaseVersion;
  readonly info: ResultInfo;
  /** What is to change in the answer that is held. */
  readonly changes: Layer;
  /** In its place, if none is held. */
  readonly fresh?: { readonly store: Store; readonly live: LiveResult; readonly changeSet: ChangeSet };
}
