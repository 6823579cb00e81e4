// What a call was given, looked at before anything is sent: a program's mistakes are told at once and in its own words. What a person
// typed in is the server's to judge, so that its answer is the only one a form has to show.

import { TriplaneError } from '../errors.ts';
import { isFields } from './refusal.ts';

/** `typed` is a text that a person wrote and that may be empty; `text` may not. */
export type ParamKind = 'typed' | 'text' | 'text?' | 'fields?';

/** @throws TriplaneError 'config-invalid' for the first parameter that is not as it must be; its value is never repeated */
export function checkParams(call: string, params: unknown, kinds: Readonly<Record<string, ParamKind>>): void {
  const names = Object.keys(kinds).join(', ');
  if (!isFields(params)) throw invalid(`${call} takes an object with ${names}, and got ${kindOf(params)}`);
  for (const [name, kind] of Object.entries(kinds)) {
    const fault = faultOf(kind, params[name]);
    if (fault) throw invalid(`${call}: \`${name}\` must be ${fault}, and is ${kindOf(params[name])}`);
  }
}

function invalid(message: string): TriplaneError {
  return new TriplaneError('config-invalid', message);
}

function faultOf(kind: ParamKind, value: unknown): string | undefined {
  switch (kind) {
    case 'typed':
      return typeof value === 'string' ? undefined : 'a text';
    case 'text':
      return typeof value === 'string' && value.trim() !== '' ? undefined : 'a text that is not empty';
    case 'text?':
      return value === undefined || value === null || typeof value === 'string' ? undefined : 'a text, or left out';
    case 'fields?':
      return value === undefined || value === null || isFields(value) ? undefined : 'an object, or left out';
    default:
      return kind satisfies never;
  }
}

/** What a value is, without saying it: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return value.trim() === '' ? 'an empty text' : 'a text';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
