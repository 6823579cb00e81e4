// What JSON cannot carry, and leaves out without a word. A rule that is a function would vanish, and allow everything.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { Fault } from './errors.ts';

/** The first part that JSON cannot carry. What is undefined counts as absent. */
export function lostInJson(value: unknown, path: readonly string[] = [], above: readonly unknown[] = []): Fault | undefined {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    return { in: path, message: `is a ${typeof value}, which JSON does not have` };
  const hidden = hiddenContent(value);
  if (hidden !== undefined) return { in: path, message: `is a ${hidden}, whose content JSON does not have` };
  if (above.includes(value)) return { in: path, message: 'contains itself' };
  if (!isObject(value) && !Array.isArray(value)) return undefined;
  for (const [key, each] of Object.entries(value)) {
    const fault = lostInJson(each, [...path, key], [...above, value]);
    if (fault) return fault;
  }
  return undefined;
}

/** The class of a promise, a map or the like: JSON writes it as an object with nothing in it. */
export function hiddenContent(value: unknown): string | undefined {
  if (!isObject(value) || Object.keys(value).length > 0 || 'toJSON' in value) return undefined;
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: string } } | null;
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  return prototype.constructor?.name ?? 'class';
}

/** @throws TriplaneError 'config-invalid' */
export function checkRulesAreJson(rules: object, call: string): void {
  const fault = lostInJson(rules);
  if (!fault) return;
  const { in: path = [], message } = fault;
  throw new TriplaneError('config-invalid', [call, 'rules', ...(path.length > 0 ? [path.join('.')] : []), message].join(': '));
}
