// The text of a denied write: which rule denied it, for which action and entity. Servers name the namespace and perhaps the rule; the entities
// are those of the write.

import type { Attrs } from '../../db/attrs.ts';
import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { Step } from '../../protocol/transact-messages.ts';

/** Ids in one text. */
const mostIds = 3;

/** The same error, with a message for people. Only the message changes. */
export function describeDenial(error: InstantAPIError, steps: readonly Step[], attrs: Attrs): InstantAPIError {
  const etype = error.type === 'permission-denied' ? etypeOf(error.hint) : undefined;
  if (etype === undefined || etype === 'attrs') return error;
  const actions = actionsOn(etype, steps, attrs);
  if (actions.size === 0) return error;
  const ids = [...actions.keys()];
  const names = [...new Set(actions.values())].map((action) => `'${action}'`).join(' or ');
  const subject = `${etype} ${ids.slice(0, mostIds).join(', ')}${ids.length > mostIds ? ` and ${ids.length - mostIds} more` : ''}`;
  const isBare = error.message.endsWith('not perms-pass?');
  const message = isBare
    ? `Permission denied: the ${names} rule of '${etype}' is not satisfied for ${subject}`
    : error.message.includes(ids[0] ?? '')
      ? error.message
      : `${error.message} for ${subject}`;
  return new InstantAPIError({ status: error.status, body: { ...error.body, message }, retryAfterMs: error.retryAfterMs });
}

function etypeOf(hint: unknown): string | undefined {
  const input: unknown = isObject(hint) ? hint['input'] : undefined;
  return Array.isArray(input) && typeof input[0] === 'string' ? input[0] : undefined;
}

/** Entity → the rule that its steps are checked against. An update of an entity that may not exist may be its creation. */
function actionsOn(etype: string, steps: readonly Step[], attrs: Attrs): ReadonlyMap<string, string> {
  const actions = new Map<string, string>();
  for (const step of steps) {
    if (step[0] === 'delete-entity') {
      if (step[2] === etype) actions.set(nameOf(step[1]), 'delete');
    } else if (step[0] === 'add-triple' || step[0] === 'deep-merge-triple' || step[0] === 'retract-triple') {
      if (attrs.byId(step[2])?.etype !== etype) continue;
      const mode = step[0] === 'retract-triple' ? 'update' : step[4]?.mode;
      const action = mode === 'create' || mode === 'update' ? mode : "create' or 'update";
      if (actions.get(nameOf(step[1])) !== 'create') actions.set(nameOf(step[1]), action);
    }
  }
  return actions;
}

function nameOf(entity: unknown): string {
  return typeof entity === 'string' ? entity : `with ${JSON.stringify(Array.isArray(entity) ? entity[1] : entity)}`;
}
