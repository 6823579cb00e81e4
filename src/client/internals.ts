// What a database shares with the other entries of this package, under the symbol `internals`.

import type { ExternalQueryStore } from '../reactor/queries/query-api.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { InstaQLOptions } from '../types/query.ts';
import type { ResolvedConfig } from './config.ts';

export interface DatabaseInternals {
  readonly reactor: Reactor;
  readonly app: ResolvedConfig;
  /** The result of a query as an external store for user interface bindings. It keeps its identity while nothing in it changes. */
  watch(query: object, opts?: InstaQLOptions): ExternalQueryStore;
}
