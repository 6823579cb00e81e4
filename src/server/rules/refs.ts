// `data.ref('owner.team.id')`: what stands at the end of a path of links, and which namespaces the path leads through.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import { spend } from '../../query/pass.ts';
import { type LinkEnd, linkOf, linked } from '../../query/where.ts';
import { invalid, rejection } from '../errors.ts';
import { EvaluationError } from './cel/values.ts';

/** Each way through the links gives a value; so many at most. */
const mostValues = 100_000;

/** A path that the schema does not have. It is told as what it is, not as a rule that cannot be evaluated. */
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
  /** The namespace at its end. */
  readonly etype: string;
  /** Undefined: the id. */
  readonly attr: KnownAttr | undefined;
}

/** @throws PathError for a label that does not exist, or is no link where one is needed */
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

/** None, or one. */
function valueOf(db: Db, etype: string, id: string, attr: KnownAttr | undefined): unknown[] {
  const row = db.row(etype, id);
  if (!attr) return row ? [id] : [];
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
