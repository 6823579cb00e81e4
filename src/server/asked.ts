// A question as a session asked it: read, checked, compiled, with what it may not see. Whoever answers it needs no more.

import type { Attrs } from '../db/attrs.ts';
import { QueryValidationError } from '../errors.ts';
import type { ReturnType, WireQuery } from '../protocol/query-messages.ts';
import { compile, type CompiledQuery } from '../query/compile.ts';
import { isObject } from '../protocol/check.ts';
import type { Visible } from '../query/visible.ts';
import { checkQuery } from './query-check.ts';
import { invalid } from './refusal.ts';
import type { Guard } from './rules/guard.ts';
import type { Sight } from './rules/read-access.ts';
import type { Actor } from './system-rules.ts';

export interface Asked {
  readonly compiled: CompiledQuery;
  readonly returnType: ReturnType;
  /** Undefined = sees all. */
  readonly visible: Visible | undefined;
  /** What it depends on; missing = on nothing. */
  readonly sight?: Sight;
}

/** @throws InstantAPIError */
export function readQuery(q: WireQuery, returnType: ReturnType, actor: Actor, attrs: Attrs, guard: Guard): Asked {
  checkQuery(q, attrs, actor);
  try {
    const compiled = compile(q, attrs);
    const params = isObject(q.$$ruleParams) ? q.$$ruleParams : undefined;
    const sight = guard.sight(actor, compiled.etypes, params, attrs);
    return { compiled, returnType, visible: sight.visible, sight };
  } catch (error) {
    if (!(error instanceof QueryValidationError)) throw error;
    throw invalid('query', q, [{ message: error.message, in: error.path?.split('.') ?? [] }]);
  }
}
