// What the operations of a transaction do to the entities of one namespace, by the names of the rules. A denial is described by it.

import { entityName } from '../transact/denial.ts';

const rules = new Map<unknown, string>([
  ['create', 'create'],
  ['delete', 'delete'],
  ['update', "create' or 'update"],
  ['merge', "create' or 'update"],
  ['link', "create' or 'update' or 'link"],
  ['unlink', "update' or 'unlink"],
]);

/** Entity → the rule its operations are checked against; that of the first one for each. */
export function actionsOn(etype: string, ops: readonly (readonly unknown[])[]): ReadonlyMap<string, string> {
  const actions = new Map<string, string>();
  for (const [action, namespace, entity] of ops) {
    const rule = rules.get(action);
    const name = entityName(entity);
    if (namespace === etype && rule !== undefined && !actions.has(name)) actions.set(name, rule);
  }
  return actions;
}
