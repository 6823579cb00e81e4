// Builds the `refresh-ok` messages of a change, with full results or deltas. Sessions with equal content share one object, so that it is
// serialised once.

import type { WireAttr } from '../../protocol/attr.ts';
import { writePages } from '../../protocol/query-result.ts';
import type { ResultDelta, Computation, RefreshOk } from '../../protocol/server-message.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { TripleChange } from '../../query/ref-count.ts';
import { Slices } from '../slices.ts';
import type { DeltaTriples } from './result-difference.ts';
import type { Attrs } from '../../db/attrs.ts';
import type { ServerResult } from '../../query/result-triples.ts';

export interface TxPosition {
  readonly txId: number;
  readonly isn: string;
}

export function positionOf(txId: number): TxPosition {
  return { txId, isn: `1/0/${txId.toString(16).toUpperCase()}` };
}

/** The new result of one query, in one of two forms. */
export type QueryRefresh = { readonly whole: Computation } | { readonly delta: ResultDelta };

/** What of a change is sent: an added triple says that the value it overwrites is removed. A generator: yields often. */
export function* deltaTriples({ removed, added }: TripleChange, attrs: Attrs): Generator<void, DeltaTriples> {
  const isLink = (a: string): boolean => attrs.byId(a)?.isRef ?? false;
  const named = ([e, a, v]: Triple): string => (isLink(a) ? `${e} ${a} ${String(v)}` : `${e} ${a}`);
  const overwritten = new Set<string>();
  const slices = new Slices();
  yield* slices.each(added, (triple) => void overwritten.add(named(triple)));
  const told: DeltaTriples['removed'][number][] = [];
  yield* slices.each(removed, (triple) => {
    const [e, a, v] = triple;
    if (!overwritten.has(named(triple))) told.push(isLink(a) ? [e, a, String(v)] : [e, a]);
  });
  return { removed: told, added };
}

/** `info`: page info and aggregates, if they changed. */
export function deltaOf(q: WireQuery, base: number, { removed, added }: DeltaTriples, info?: Partial<ServerResult>): ResultDelta {
  return {
    'instaql-query': q,
    'base-tx-id': base,
    removed,
    added,
    ...(info?.pageInfo && { 'page-info': writePages(info.pageInfo) }),
    ...(info?.aggregate && { aggregate: info.aggregate }),
  };
}

export class RefreshBuilder {
  readonly #position: TxPosition;
  readonly #attrs: readonly WireAttr[];
  readonly #made = new Map<string, RefreshOk>();
  readonly #ids = new Map<QueryRefresh, number>();

  constructor(position: TxPosition, attrs: readonly WireAttr[]) {
    this.#position = position;
    this.#attrs = attrs;
  }

  refreshOk(refreshes: readonly QueryRefresh[], needsAttrs: boolean): RefreshOk {
    const key = `${needsAttrs} ${refreshes.map((one) => this.#id(one)).join(' ')}`;
    let message = this.#made.get(key);
    if (!message) this.#made.set(key, (message = this.#make(refreshes, needsAttrs)));
    return message;
  }

  #make(news: readonly QueryRefresh[], needsAttrs: boolean): RefreshOk {
    const deltas = news.flatMap((one) => ('delta' in one ? [one.delta] : []));
    return {
      op: 'refresh-ok',
      'processed-tx-id': this.#position.txId,
      'processed-isn': this.#position.isn,
      ...(needsAttrs && { attrs: this.#attrs }),
      computations: news.flatMap((one) => ('whole' in one ? [one.whole] : [])),
      ...(deltas.length > 0 && { deltas }),
    };
  }

  #id(news: QueryRefresh): number {
    const known = this.#ids.get(news);
    if (known !== undefined) return known;
    this.#ids.set(news, this.#ids.size);
    return this.#ids.size - 1;
  }
}
