// Attrs that a server has under other ids than the one that cached results are from: an app that moved was given new ones. The cached results
// stay on screen until the server's own arrive.

import type { Attrs } from '../../db/attrs.ts';
import type { TripleResult } from '../../protocol/query-result.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { LiveQuery } from './live-query.ts';

/** The cached results in terms of `next`; read them before the views get it. None if it has every attr under the id that was known. */
export function renamedResults(liveQueries: Iterable<LiveQuery>, known: Attrs, next: Attrs): (readonly [LiveQuery, TripleResult])[] {
  const ids = new Map<string, string>();
  for (const { id, etype, label, isRef } of known.list) {
    const attr = next.byId(id) ? undefined : next.forward(etype, label);
    if (attr?.isRef === isRef) ids.set(id, attr.id);
  }
  if (ids.size === 0) return [];
  const renamed = ([e, a, v, t]: Triple): Triple => [e, ids.get(a) ?? a, v, t];
  return [...liveQueries]
    .filter(({ source }) => source === 'cache')
    .map((live) => {
      const { baseStore, info } = live.view;
      const triples = [...baseStore.triples()].map(renamed);
      return [live, { triples, pageInfo: info?.pageInfo, aggregate: info?.aggregate }] as const;
    });
}
