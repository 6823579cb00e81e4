// Where a result shows a row, without the pending writes of its query, and what it tells of the row by that.

import type { Namespace } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import { Row } from '../../db/row.ts';
import { matchesNode } from '../../query/candidates.ts';
import type { ChildQueryNode } from '../../query/compile.ts';
import { pageOrder, pageRange } from '../../query/paging.ts';
import { nearEnds } from '../../query/where.ts';
import { type Coverage, coverageOf, linkKey, needsOf, type NodeNeed, NOTHING } from './query-needs.ts';
import type { View } from './view.ts';

export function isInResult({ baseStore, attrs }: View, etype: string, id: string): boolean {
  return baseStore.row(etype, id)?.exists(attrs.idAttr(etype)) === true;
}

/** Whether the node would show the row if the result, in `db`, contained it: a nested one, below what the result does contain. */
export function isShown(
  view: View,
  { node, parents: [parent, ...parents] }: Pick<NodeNeed, 'node' | 'parents'>,
  row: Row,
  db: Db,
): boolean {
  if (!matchesNode(node, row, db)) return false;
  const { link } = node as Partial<ChildQueryNode>;
  if (parent && link) {
    return nearEnds(link, row.id, db).some((id) => {
      const near = db.row(parent.etype, id);
      return near !== undefined && isInResult(view, parent.etype, id) && isShown(view, { node: parent, parents }, near, db);
    });
  }
  if (node.isLeading && !Number.isFinite(node.limit)) return true;
  const page = view.info?.pageInfo?.[node.key];
  const order = pageOrder(node, page);
  const rows = [...db.rows(node.etype)].filter((other) => matchesNode(node, other, db)).sort(order.compare);
  const { from, to } = pageRange(rows, node, order, page);
  return rows.slice(from, to).includes(row);
}

/** What the result tells of a row that it contains. */
export function toldOf(view: View, etype: string, row: Row, readResult: () => Db): Coverage {
  const told = coverageOf(view.compiled, etype);
  if (told !== NOTHING) return told;
  // Conditions read entities of this namespace too: the result tells more of those that it shows.
  const db = readResult();
  const showing = needsOf(view.compiled).nodes.filter((each) => each.node.etype === etype && isShown(view, each, row, db));
  if (showing.length === 0) return NOTHING;
  return {
    attrs: new Set(showing.flatMap((each) => [...each.told.attrs])),
    links: new Set(showing.flatMap((each) => [...each.told.links])),
  };
}

/** A row of a result, with what others know and the result does not tell. */
export function completed(own: Row, known: Row, { attrs, links }: Coverage, { forward }: Namespace): Row {
  const values = known.values.slice();
  for (const attr of forward.values()) {
    const isTold = attr.isMany ? links.has(linkKey({ attr, isForward: true, etype: '' }, 'null')) : attrs.has(attr.id);
    if (isTold) values[attr.slot] = own.values[attr.slot];
  }
  return new Row(own.id, own.t, values, own.times);
}
