// One session's request for a live query, and what comes of it.

import type { WireQuery } from '../../protocol/query-messages.ts';
import type { ResultShape } from './prepared-query.ts';
import type { TxPosition } from './refresh.ts';
import type { ComputedResult } from './results.ts';

export type Added = { readonly is: 'new'; readonly computed: ComputedResult; readonly position: TxPosition } | { readonly is: 'known' };

export interface Asked {
  /** `queryKey` of the query. */
  readonly key: string;
  readonly q: WireQuery;
  readonly returnType: ResultShape;
  readonly added: (added: Added) => void;
  readonly failed: (error: unknown) => void;
}
