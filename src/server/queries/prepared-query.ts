// A question as a session asked it: read, checked, compiled, with what it may not see. Whoever answers it needs no more.

import type { Attrs } from '../../db/attrs.ts';
import { QueryValidationError } from '../../errors.ts';
import type { ReturnType, WireQuery } from '../../protocol/query-messages.ts';
import { compile, type CompiledQuery, type SingularLinks } from '../../query/compile.ts';
import { isObject } from '../../lib/json.ts';
import { type FileUrl, filesEtype } from '../files/file-entities.ts';
import { checkQuery } from './query-check.ts';
import { checkQuerySize, type QueryLimits } from './query-size.ts';
import { invalid } from '../errors.ts';
import type { Guard } from '../rules/guard.ts';
import type { ReadAccess, VisibleIn } from '../rules/read-access.ts';
import type { Actor } from '../data/system-rules.ts';

/** What a result is made into. `inferred-tree`: a tree in which links that have one end are one object; no client asks for it in a frame. */
export type ResultShape = ReturnType | 'inferred-tree';

export interface PreparedQuery {
  readonly compiled: CompiledQuery;
  /** The same query in the shape of a tree; only where one is returned. */
  readonly tree?: CompiledQuery;
  readonly returnType: ResultShape;
  /** Signs the addresses of files; only where the query may show some. */
  readonly fileUrl?: FileUrl | undefined;
  /** What is seen of the data. Undefined = sees all. */
  readonly visibleIn: VisibleIn | undefined;
  /** What it depends on; missing = on nothing. */
  readonly readAccess?: ReadAccess;
}

/** @throws InstantAPIError */
export function prepareQuery(
  q: WireQuery,
  returnType: ResultShape,
  actor: Actor,
  attrs: Attrs,
  guard: Guard,
  limits: QueryLimits,
): PreparedQuery {
  checkQuerySize(q, limits);
  checkQuery(q, attrs, actor);
  try {
    const compiled = compile(q, attrs, { filtersByIdPrefix: true });
    const params = isObject(q.$$ruleParams) ? q.$$ruleParams : undefined;
    const readAccess = guard.readAccess(actor, compiled.etypes, params, attrs);
    const tree = returnType === 'join-rows' ? {} : { tree: compileTree(q, returnType, actor, attrs) };
    const fileUrl = compiled.etypes.has(filesEtype) ? { fileUrl: guard.fileUrl } : {};
    return { compiled, ...tree, ...fileUrl, returnType, visibleIn: readAccess.visibleIn, readAccess };
  } catch (error) {
    if (!(error instanceof QueryValidationError)) throw error;
    throw invalid('query', q, [{ message: error.message, in: error.path?.split('.') ?? [] }]);
  }
}

/** Admins see every nested key, others only those of links that they see. */
function compileTree(q: WireQuery, shape: ResultShape, { isAdmin }: Actor, attrs: Attrs): CompiledQuery {
  const singular = shape === 'inferred-tree' ? singularLinks(attrs) : undefined;
  return compile(q, attrs, { singular, tree: { omitsUnlinked: !isAdmin }, filtersByIdPrefix: true });
}

/** Which links of a catalog have at most one at the other end, seen from either end. */
function singularLinks(attrs: Attrs): SingularLinks {
  const found = Object.create(null) as Record<string, Record<string, { isSingular: boolean }>>;
  const add = (etype: string, label: string, isSingular: boolean): void => {
    const links = (found[etype] ??= Object.create(null) as Record<string, { isSingular: boolean }>);
    links[label] = { isSingular };
  };
  for (const { isRef, isMany, isUnique, etype, label, reverseEtype, reverseLabel } of attrs.list) {
    if (!isRef) continue;
    if (reverseEtype !== undefined && reverseLabel !== undefined) add(reverseEtype, reverseLabel, isUnique);
    add(etype, label, !isMany);
  }
  return found;
}
