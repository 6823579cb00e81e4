// Applies the triple changes of a log entry to a layer.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Layer } from '../../db/layer.ts';
import { type Links, listed, type LinkTimes } from '../../db/links.ts';
import { Row, type Times } from '../../db/row.ts';
import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import type { Value } from '../../protocol/triple.ts';

/** Keeps the times of the server that made the changes. @param hidden deleted attrs whose values are kept */
export function applyChanges(layer: Layer, changes: readonly SyncChange[], hidden: readonly KnownAttr[]): void {
  for (const { action, triple } of changes) {
    const [e, a, v, t] = triple;
    const attr = layer.attrs.byId(a) ?? hidden.find(({ id }) => id === a);
    if (!attr) continue;
    const row = layer.row(attr.etype, e) ?? new Row(e, 0, [], []);
    const next = changed(row, attr, action === 'added', v, t, attr === layer.attrs.idAttr(attr.etype));
    layer.put(attr.etype, e, next.isEmpty() ? undefined : next);
  }
}

function changed(row: Row, { slot, isRef }: KnownAttr, isAdded: boolean, v: Value, t: number, isId: boolean): Row {
  const values = row.values.slice();
  const times: Times[] = row.times?.slice() ?? [];
  while (values.length <= slot) values.push(undefined);
  if (isRef) [values[slot], times[slot]] = linked(values[slot] as Links, times[slot], isAdded, String(v), t);
  else [values[slot], times[slot]] = isAdded ? [v, t] : [undefined, undefined];
  return new Row(row.id, isId && isAdded ? t : row.t, values, times);
}

function linked(links: Links, times: LinkTimes, isAdded: boolean, target: string, t: number): [Links, LinkTimes] {
  const pairs = listed(links).map((id, at) => [id, (typeof times === 'object' ? times[at] : times) ?? t] as const);
  const rest = pairs.filter(([id]) => id !== target);
  const next = isAdded ? [...rest, [target, t] as const] : rest;
  const [first] = next;
  if (!first) return [undefined, undefined];
  return next.length === 1 ? [first[0], first[1]] : [next.map(([id]) => id), next.map(([, time]) => time)];
}
