// What a write does to the entities of one namespace, by the names of the rules. A denial is described by it.

import type { Attrs } from '../../db/attrs.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { entityName } from '../../transact/denial.ts';

type AnyStep = readonly [op: string, entity: unknown, attrId: unknown, value?: unknown, options?: { readonly mode?: string }];

/** Entity → the rule its steps are checked against. An update of an entity that may not exist may create it. */
export function actionsOn(etype: string, steps: readonly Step[], attrs: Attrs): ReadonlyMap<string, string> {
  const actions = new Map<string, string>();
  for (const [op, entity, attrId, value, options] of steps as readonly AnyStep[]) {
    const attr = attrs.byId(String(attrId));
    const name = entityName(entity);
    const isRetract = op === 'retract-triple';
    if (op === 'delete-entity' && attrId === etype) actions.set(name, 'delete');
    else if (attr?.etype === etype && actions.get(name) !== 'create')
      actions.set(name, options?.mode ?? (isRetract ? 'update' : "create' or 'update"));
    const target = entityName(value);
    if (attr?.reverseEtype === etype && !actions.has(target)) actions.set(target, `view' or '${isRetract ? 'unlink' : 'link'}`);
  }
  return actions;
}
