// Validates the parameters of HTTP calls before anything is sent, so that programming errors fail immediately with a clear message. Text
// typed by a user is validated by the server only, so that a form has a single source of messages.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';

type Rule = readonly [expected: string, isFine: (value: unknown) => boolean];

/** `typed` is text entered by a user and may be empty; `text` may not. */
const rules = {
  typed: ['a string', (value) => typeof value === 'string'],
  text: ['a non-empty string', (value) => typeof value === 'string' && value.trim() !== ''],
  'text?': ['a string or omitted', (value) => typeof (value ?? '') === 'string'],
  'fields?': ['an object or omitted', (value) => isObject(value ?? {})],
} satisfies Record<string, Rule>;

export type ParamKind = keyof typeof rules;

/** @throws TriplaneError 'config-invalid' for the first invalid parameter; the message never contains its value */
export function checkParams(call: string, params: unknown, kinds: Readonly<Record<string, ParamKind>>): void {
  const names = Object.keys(kinds).join(', ');
  if (!isObject(params)) throw invalid(`${call}: expected an object with ${names}, received ${kindOf(params)}`);
  for (const [name, kind] of Object.entries(kinds)) {
    const [expected, isValid] = rules[kind];
    if (!isValid(params[name])) throw invalid(`${call}: \`${name}\` must be ${expected}, received ${kindOf(params[name])}`);
  }
}

function invalid(message: string): TriplaneError {
  return new TriplaneError('config-invalid', message);
}

/** The kind of a value, without the value itself: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return value.trim() === '' ? 'an empty string' : 'a string';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
