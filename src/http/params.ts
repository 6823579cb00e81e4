// What a call was given, looked at before anything is sent: a program's mistakes are told at once and in its own words. What a person
// typed in is the server's to judge, so that its answer is the only one a form has to show.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';

type Rule = readonly [expected: string, isFine: (value: unknown) => boolean];

/** `typed` is a text that a person wrote and that may be empty; `text` may not. */
const rules = {
  typed: ['a text', (value) => typeof value === 'string'],
  text: ['a text that is not empty', (value) => typeof value === 'string' && value.trim() !== ''],
  'text?': ['a text, or left out', (value) => typeof (value ?? '') === 'string'],
  'fields?': ['an object, or left out', (value) => isObject(value ?? {})],
} satisfies Record<string, Rule>;

export type ParamKind = keyof typeof rules;

/** @throws TriplaneError 'config-invalid' for the first parameter that is not as it must be; its value is never repeated */
export function checkParams(call: string, params: unknown, kinds: Readonly<Record<string, ParamKind>>): void {
  const names = Object.keys(kinds).join(', ');
  if (!isObject(params)) throw invalid(`${call} takes an object with ${names}, and got ${kindOf(params)}`);
  for (const [name, kind] of Object.entries(kinds)) {
    const [expected, isValid] = rules[kind];
    if (!isValid(params[name])) throw invalid(`${call}: \`${name}\` must be ${expected}, and is ${kindOf(params[name])}`);
  }
}

function invalid(message: string): TriplaneError {
  return new TriplaneError('config-invalid', message);
}

/** What a value is, without saying it: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return value.trim() === '' ? 'an empty text' : 'a text';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
