// `data.ref('owner.team.id')`: what stands at the end of a path of links, and which namespaces the path leads through.

import type { Attrs } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import { linkOf, linked } from '../../query/where.ts';

/** @throws Error for a label nobody knows */
export function followPath(db: Db, etype: string, id: string, path: string): unknown[] {
  let ids = new Set([id]);
  let at = etype;
  const labels = path.split('.');
  const last = labels.pop() ?? '';
  for (const label of labels) {
    const link = linkOf(db.attrs.namespace(at), label);
    if (!link) throw new Error(`'${at}' has no link '${label}'`);
    ids = new Set([...ids].flatMap((near) => [...linked(db, link, near, db.row(at, near))]));
    at = link.etype;
  }
  return [...ids].flatMap((each) => valuesOf(db, at, each, last));
}

function valuesOf(db: Db, etype: string, id: string, label: string): unknown[] {
  const row = db.row(etype, id);
  if (label === 'id') return row ? [id] : [];
  const namespace = db.attrs.namespace(etype);
  const link = linkOf(namespace, label);
  if (link) return [...linked(db, link, id, row)];
  const attr = namespace.forward.get(label);
  if (!attr) throw new Error(`'${etype}' has no '${label}'`);
  const value = row?.value(attr);
  return value === undefined ? [] : [value];
}

/** All namespaces that must be looked at to follow the path. */
export function etypesOnPath(attrs: Attrs, etype: string, path: string): Set<string> {
  const etypes = new Set([etype]);
  let at = etype;
  for (const label of path.split('.')) {
    const link = linkOf(attrs.namespace(at), label);
    if (!link) break;
    at = link.etype;
    etypes.add(at);
  }
  return etypes;
}
