// The text of a denied write: which rule denied it, for which action and entity. Servers name the namespace and perhaps the rule; the entities
// are those of the write.

import type { Attrs } from '../../db/attrs.ts';
import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { Step } from '../../protocol/transact-messages.ts';

/** The same error with a readable message. Nothing else changes. */
export function describeDenial(error: InstantAPIError, steps: readonly Step[], attrs: Attrs): InstantAPIError {
  const [etype] = (error.type === 'permission-denied' && isObject(error.hint) ? [error.hint['input']].flat() : []) as readonly string[];
  if (etype === undefined) return error;
  /** Entity → the rule its steps are checked against. An update of an entity that may not exist may create it. */
  const actions = new Map<string, string>();
  for (const [op, e, attrId, , options] of steps as readonly (readonly [string, unknown, unknown, unknown?, { mode?: string }?])[]) {
    const id = typeof e === 'string' ? e : `with ${JSON.stringify(Array.isArray(e) ? e[1] : e)}`;
    if (op === 'delete-entity' && attrId === etype) actions.set(id, 'delete');
    else if (attrs.byId(String(attrId))?.etype === etype && actions.get(id) !== 'create')
      actions.set(id, options?.mode ?? (op === 'retract-triple' ? 'update' : "create' or 'update"));
  }
  if (actions.size === 0) return error;
  const ids = [...actions.keys()];
  const subject = `${etype} ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ` and ${ids.length - 3} more` : ''}`;
  const said = error.message.endsWith('not perms-pass?')
    ? `Permission denied: the '${[...new Set(actions.values())].join("' or '")}' rule of '${etype}' is not satisfied`
    : error.message;
  const message = `${said} for ${subject}`;
  return error.message.includes(subject) ? error : new InstantAPIError({ status: error.status, body: { ...error.body, message } });
}
