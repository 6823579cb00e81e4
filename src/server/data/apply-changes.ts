// Applies the triple changes of a log entry to a layer.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Layer } from '../../db/layer.ts';
import { type Links, listed, type LinkTimes } from '../../db/links.ts';
import { Row, type Times } from '../../db/row.ts';
import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import { sliceItems } from '../slices.ts';

/** In steps: yields where others can be served. Keeps the times of the server that made the changes. @param hidden deleted attrs whose values are kept */
export function* applyChangesSteps(layer: Layer, changes: readonly SyncChange[], hidden: readonly KnownAttr[]): Generator<void, void> {
  let until = sliceItems;
  for (let at = 0; at < changes.length;) {
    if (at >= until) {
      until = at + sliceItems;
      yield;
    }
    const { triple } = changes[at] as SyncChange;
    const [e, a] = triple;
    const from = at;
    // Of an attr of one entity together: each change copies the row, and all of its links.
    while (changes[at]?.triple[0] === e && changes[at]?.triple[1] === a) at++;
    const attr = layer.attrs.byId(a) ?? hidden.find(({ id }) => id === a);
    if (!attr) continue;
    const row = layer.row(attr.etype, e) ?? new Row(e, 0, [], []);
    const next = changed(row, attr, changes.slice(from, at), attr === layer.attrs.idAttr(attr.etype));
    layer.put(attr.etype, e, next.isEmpty() ? undefined : next);
  }
}

function changed(row: Row, { slot, isRef }: KnownAttr, changes: readonly SyncChange[], isId: boolean): Row {
  const values = row.values.slice();
  const times: Times[] = row.times?.slice() ?? [];
  while (values.length <= slot) values.push(undefined);
  let { t: createdAt } = row;
  if (isRef) [values[slot], times[slot]] = linked(values[slot] as Links, times[slot], changes);
  for (const { action, triple } of isRef ? [] : changes) {
    const [, , v, t] = triple;
    [values[slot], times[slot]] = action === 'added' ? [v, t] : [undefined, undefined];
    if (isId && action === 'added') createdAt = t;
  }
  return new Row(row.id, createdAt, values, times);
}

function linked(links: Links, times: LinkTimes, changes: readonly SyncChange[]): [Links, LinkTimes] {
  const otherwise = changes[0]?.triple[3] ?? 0;
  const targets = new Map(listed(links).map((id, at) => [id, (typeof times === 'object' ? times[at] : times) ?? otherwise]));
  for (const { action, triple } of changes) {
    const target = String(triple[2]);
    targets.delete(target);
    if (action === 'added') targets.set(target, triple[3]);
  }
  const [first] = targets;
  if (!first) return [undefined, undefined];
  return targets.size === 1 ? first : [[...targets.keys()], [...targets.values()]];
}
