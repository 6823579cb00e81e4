// The text of a denied write: which rule denied it, for which action and entity. Servers name the namespace, and perhaps the rule and the
// entity; what they leave out is read from the write.

import { InstantAPIError } from '../errors.ts';
import { isObject } from '../lib/json.ts';

/** An entity as errors name it: by its id, or by the value of its lookup. */
export function entityName(entity: unknown): string {
  return typeof entity === 'string' ? entity : `with ${JSON.stringify(Array.isArray(entity) ? entity[1] : entity)}`;
}

/**
 * The same error with a readable message. Nothing else changes.
 *
 * @param actionsOn what the write does to entities of the namespace: their names, and the rule that each is checked against
 */
export function describeDenial<Failure>(
  error: Failure,
  actionsOn: (etype: string) => ReadonlyMap<string, string>,
): Failure | InstantAPIError {
  if (!(error instanceof InstantAPIError) || error.type !== 'permission-denied' || !isObject(error.hint)) return error;
  const { status, body, message, hint } = error;
  const [etype] = [hint['input']].flat() as readonly unknown[];
  const actions = actionsOn(String(etype));
  const names = [...actions.keys()];
  if (names.length === 0 || names.some((name) => message.endsWith(name))) return error;
  const said = message.endsWith('not perms-pass?')
    ? `Permission denied: the '${[...new Set(actions.values())].join("' or '")}' rule of '${String(etype)}' is not satisfied`
    : message;
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return new InstantAPIError({ status, body: { ...body, message: `${said} for ${String(etype)} ${names.slice(0, 3).join(', ')}${more}` } });
}
