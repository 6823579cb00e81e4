// Default rules of system namespaces, for apps without their own: users may view and update themselves; everything else is denied.

import { isSystemEtype } from '../data/system-attrs.ts';
import type { Names } from './names.ts';
import { type Action, fixedRule, nativeRule, type Rule, type Variables } from './rule.ts';

const ownCode = 'auth.id == data.id || (data.linkedPrimaryUser != null && auth.id == data.linkedPrimaryUser)';
const ownNames: Names = {
  fields: new Map([
    ['auth', new Set(['id'])],
    ['data', new Set(['id', 'linkedPrimaryUser'])],
  ]),
  refs: [],
  limits: [],
  patterns: [],
};

function isOwn({ auth, data }: Variables): boolean {
  const id = auth.get('id');
  return id !== null && (id === data.get('id') || id === data.get('linkedPrimaryUser'));
}

const ofUsers: Readonly<Record<string, Rule>> = {
  view: nativeRule('$users', 'view', ownCode, ownNames, isOwn),
  update: nativeRule('$users', 'update', ownCode, ownNames, isOwn),
  create: fixedRule('$users', 'create', true),
  delete: fixedRule('$users', 'delete', false),
};

/** Undefined for an app's own namespaces. */
export function builtinRule(etype: string, action: Action): Rule | undefined {
  if (!isSystemEtype(etype)) return undefined;
  return (etype === '$users' ? ofUsers[action] : undefined) ?? fixedRule(etype, action, false);
}
