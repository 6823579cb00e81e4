// Results that contain all rows of a namespace, or all that satisfy a condition. Of these rows, what such a result does not contain does not
// exist: no other row links to an entity, or follows a page.

import { equal } from '../../lib/equal.ts';
import type { QueryNode } from '../../query/compile.ts';
import type { LinkEnd } from '../../query/where.ts';
import type { LiveQuery } from './live-query.ts';
import { coverageOf, linkKey, needsOf } from './query-needs.ts';

type Conditions = Readonly<Record<string, unknown>>;

export interface CompleteList {
  readonly live: LiveQuery;
  readonly node: QueryNode;
}

/** The lists with all rows of the namespace that satisfy these conditions, and possibly others. */
export function* completeLists(liveQueries: Iterable<LiveQuery>, etype: string, where: Conditions = {}): Generator<CompleteList> {
  for (const live of liveQueries) {
    for (const node of live.view.compiled.nodes) {
      const isWhole = node.etype === etype && node.isLeading && !Number.isFinite(node.limit) && node.options.aggregate === undefined;
      if (isWhole && isWider(node.options.where ?? {}, where) && isAnswered(live)) yield { live, node };
    }
  }
}

const isWider = (conditions: Conditions, where: Conditions): boolean =>
  Object.entries(conditions).every(([key, condition]) => equal(where[key], condition));

/** By a server that knew the attrs in its conditions. */
function isAnswered({ source, view: { baseStore, compiled } }: LiveQuery): boolean {
  return source !== 'local' && [...needsOf(compiled).deciding].every((attrId) => baseStore.attrs.byId(attrId));
}

/** Whether these results contain all entities linked with any one, of those that satisfy the conditions. */
export function haveAllLinks(liveQueries: Iterable<LiveQuery>, { attr, isForward, etype }: LinkEnd, where: Conditions): boolean {
  for (const { live } of completeLists(liveQueries, etype, where)) {
    const { attrs, links } = coverageOf(live.view.compiled, etype);
    if (links.has(linkKey({ attr, isForward: !isForward, etype }, 'null')) || (!isForward && attrs.has(attr.id))) return true;
  }
  return false;
}
