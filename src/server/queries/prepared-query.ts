// A query as a session submitted it: parsed, validated and compiled, with the read permissions that apply. Evaluating it needs nothing
// else.

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

/** Form of the result. `inferred-tree`: a tree in which has-one links are objects; used over HTTP only. */
export type ResultShape = ReturnType | 'inferred-tree';

export interface PreparedQuery {
  readonly compiled: CompiledQuery;
  /** The query in tree form, if a tree is returned. */
  readonly tree?: CompiledQuery;
  readonly returnType: ResultShape;
  /** Signs file URLs; set only if the query may return files. */
  readonly fileUrl?: FileUrl | undefined;
  /** The visible part of the data. Undefined = everything. */
  readonly visibleIn: VisibleIn | undefined;
  /** Dependencies; missing = none. */
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

/** Admins see every nested key, other users only those of links they can view. */
function compileTree(q: WireQuery, shape: ResultShape, { isAdmin }: Actor, attrs: Attrs): CompiledQuery {
  const singular = shape === 'inferred-tree' ? singularLinks(attrs) : undefined;
  return compile(q, attrs, { singular, tree: { omitsUnlinked: !isAdmin }, filtersByIdPrefix: true });
}

/** The has-one links of a catalog, from either end. */
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

/** Whether the attrs that the query and its rules read are the same as when it was compiled. */
export function readsSameAttrs({ compiled, readAccess }: PreparedQuery, attrs: Attrs): boolean {
  const etypes = [...compiled.etypes, ...(readAccess?.etypes ?? [])];
  return etypes.every((etype) => compiled.attrs.signature(etype) === attrs.signature(etype));
}
