// A misspelt option, or action of a rule, would have no effect, and the test would pass for the wrong reason: it is refused, with the name that was
// probably meant.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';

/**
 * @param what the kind of name, such as `option`
 * @throws TriplaneError 'config-invalid'
 */
export function checkNames(where: string, given: unknown, what: string, known: readonly string[]): void {
  if (!isObject(given)) return;
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const hint = near === undefined ? `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}` : `did you mean '${near}'?`;
  throw new TriplaneError('config-invalid', `${where}: there is no ${what} '${unknown}': ${hint}`);
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

/** Undefined if none is near enough to be meant. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const most = Math.max(2, Math.floor(name.length / 3));
  const [best] = known.map((each) => [distance(name.toLowerCase(), each.toLowerCase()), each] as const).sort(([a], [b]) => a - b);
  return best && best[0] <= most ? best[1] : undefined;
}

/** How many letters have to be added, left out or replaced. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row += 1) {
    const now = [row];
    for (let at = 1; at <= b.length; at += 1) {
      const replaced = (before[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1);
      now.push(Math.min(replaced, (before[at] ?? 0) + 1, (now[at - 1] ?? 0) + 1));
    }
    before = now;
  }
  return before[b.length] ?? 0;
}
