// A misspelt option, or action of a rule, would have no effect, and the test would pass for the wrong reason: it is refused, with the name that was
// probably meant.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import { nameHint } from '../lib/name-hint.ts';

/**
 * @param what the kind of name, such as `option`
 * @throws TriplaneError 'config-invalid'
 */
export function checkNames(where: string, given: unknown, what: string, known: readonly string[]): void {
  if (!isObject(given)) return;
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TriplaneError('config-invalid', `${where}: there is no ${what} '${unknown}': ${nameHint(unknown, known)}`);
}

const parts = ['allow', 'bind', 'fields'];
const actions = ['view', 'create', 'update', 'delete', 'link', 'unlink', '$default'];

/**
 * On the server such names are warnings, so that a rules file that works with InstantDB can be taken over.
 *
 * @param entities those of the schema; undefined without one
 * @throws TriplaneError 'config-invalid'
 */
export function checkRuleNames(rules: unknown, entities: readonly string[] | undefined): void {
  if (!isObject(rules)) return;
  const own = Object.fromEntries(Object.entries(rules).filter(([name]) => name !== 'attrs' && !name.startsWith('$')));
  if (entities) checkNames('rules', own, 'entity', entities);
  for (const [name, entry] of Object.entries(rules)) {
    if (name === '$rateLimits' || !isObject(entry)) continue;
    checkNames(`rules.${name}`, entry, 'part', parts);
    checkNames(`rules.${name}.allow`, entry['allow'], 'action', actions);
  }
}
