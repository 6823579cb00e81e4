// `data.ref('owner.team.id')`: the values at the end of a path of links, and the namespaces the path visits.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import { spend } from '../../query/pass.ts';
import { type LinkEnd, linkOf, linked } from '../../query/where.ts';
import { invalid, rejection } from '../errors.ts';
import { EvaluationError } from './cel/values.ts';

/** Maximum number of values; each path through the links yields one. */
const mostValues = 100_000;

/** A path that does not exist in the schema. Reported as such rather than as a failed evaluation. */
export class PathError extends EvaluationError {
  constructor(etype: string, label: string, fault?: string) {
    const cause = fault
      ? invalid('rule', `${etype}.${label}`, [{ message: fault }])
      : rejection('record-not-found', 'Record not found: attr', { 'record-type': 'attr', args: [etype, label] });
    super(fault ?? `'${etype}' has no '${label}'`, 'INVALID_ARGUMENT', { cause });
  }
}

interface Path {
  readonly links: readonly LinkEnd[];
  /** The namespace at the end of the path. */
  readonly etype: string;
  /** Undefined: the id. */
  readonly attr: KnownAttr | undefined;
}

/** @throws PathError for an unknown label, or one that is not a link where a link is required */
export function resolvePath(attrs: Attrs, etype: string, path: string): Path {
  const links: LinkEnd[] = [];
  const labels = path.split('.');
  const last = labels.pop() ?? '';
  let at = etype;
  for (const label of labels) {
    const namespace = attrs.namespace(at);
    const link = linkOf(namespace, label);
    if (!link) throw new PathError(at, label, namespace.forward.has(label) ? `${at}.${label} must be a link` : undefined);
    links.push(link);
    at = link.etype;
  }
  const namespace = attrs.namespace(at);
  if (linkOf(namespace, last)) throw new PathError(at, last, `${at}.${last} is a link: a path ends in an attribute, or in id`);
  const attr = namespace.forward.get(last);
  if (last !== 'id' && !attr) throw new PathError(at, last);
  return { links, etype: at, attr: last === 'id' ? undefined : attr };
}

/** @throws EvaluationError */
export function followPath(db: Db, etype: string, id: string, path: string): unknown[] {
  const { links, etype: end, attr } = resolvePath(db.attrs, etype, path);
  if (!db.row(etype, id)?.exists(db.attrs.idAttr(etype))) return [];
  let ends = new Map([[id, 1]]);
  let at = etype;
  for (const link of links) {
    const next = new Map<string, number>();
    for (const [near, ways] of ends) {
      const linkedIds = linked(db, link, near, db.row(at, near));
      spend(1 + linkedIds.length);
      for (const far of linkedIds) next.set(far, (next.get(far) ?? 0) + ways);
    }
    ends = next;
    at = link.etype;
  }
  const count = [...ends.values()].reduce((sum, ways) => sum + ways, 0);
  if (count > mostValues) throw new EvaluationError(`'${path}' leads to more than ${mostValues} values`);
  return [...ends].flatMap(([each, ways]) =>
    Array<unknown[]>(ways)
      .fill(valueOf(db, end, each, attr))
      .flat(1),
  );
}

/** At most one value. */
function valueOf(db: Db, etype: string, id: string, attr: KnownAttr | undefined): unknown[] {
  const row = db.row(etype, id);
  if (!attr) return row ? [id] : [];
  const value = row?.value(attr);
  return value === undefined ? [] : [value];
}

/** All namespaces visited by the path. */
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
