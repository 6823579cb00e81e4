// What JSON cannot carry, and leaves out without a word. A rule that is a function would vanish, and allow everything.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { Fault } from './errors.ts';

/** The first part that JSON cannot carry. What is undefined counts as absent. */
export function lostInJson(value: unknown, path: readonly string[] = [], above: readonly unknown[] = []): Fault | undefined {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    return { in: path, message: `is a ${typeof value}, which JSON does not have` };
  if (above.includes(value)) return { in: path, message: 'contains itself' };
  if (!isObject(value) && !Array.isArray(value)) return undefined;
  for (const [key, each] of Object.entries(value)) {
    const fault = lostInJson(each, [...path, key], [...above, value]);
    if (fault) return fault;
  }
  return undefined;
}

/** @throws TriplaneError 'config-invalid' */
export function checkRulesAreJson(rules: object, call: string): void {
  const fault = lostInJson(rules);
  if (fault) throw new TriplaneError('config-invalid', `${call}: rules: ${fault.in?.join('.')}: ${fault.message}`);
}
