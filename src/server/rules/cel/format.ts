// `'%s has %d'.format([a, b])`

import type { Definition } from './overloads.ts';
import { durationText, timestampText } from './time.ts';
import { Duration, EvaluationError, isList, MapValue, numberOf, Timestamp, TypeValue, typeNameOf } from './values.ts';

function format(text: string, given: readonly unknown[]): string {
  let at = 0;
  const result = text.replace(/%(?:(%)|(?:\.(\d{1,3}))?([a-zA-Z])?)/g, (_, percent?: string, digits?: string, verb?: string) => {
    if (percent) return '%';
    if (verb === undefined) throw new EvaluationError('format: a % has no verb behind it');
    if (at >= given.length) throw new EvaluationError(`format: the list has no element ${at}`);
    return formatted(verb, given[at++], digits === undefined ? undefined : Number(digits));
  });
  return result;
}

function formatted(verb: string, value: unknown, digits: number | undefined): string {
  switch (verb) {
    case 's':
      return textOf(value);
    case 'd':
      return decimal(value);
    case 'f':
      return real(verb, value, (number) => number.toFixed(Math.min(digits ?? 6, 100)));
    case 'e':
      return real(verb, value, (number) => number.toExponential(Math.min(digits ?? 6, 100)).replace(/e([+-])(\d)$/, 'e$10$2'));
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : whole(verb, value).toString(2);
    case 'o':
      return whole(verb, value).toString(8);
    case 'x':
      return hex(verb, value);
    case 'X':
      return hex(verb, value).toUpperCase();
    default:
      throw new EvaluationError(`format: there is no verb %${verb}`);
  }
}

function unfit(verb: string, value: unknown): EvaluationError {
  return new EvaluationError(`format: %${verb} takes no value of type ${typeNameOf(value)}`);
}

function whole(verb: string, value: unknown): bigint {
  const number = numberOf(value);
  if (typeof number !== 'bigint') throw unfit(verb, value);
  return number;
}

function decimal(value: unknown): string {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : String(whole('d', value));
}

function real(verb: string, value: unknown, text: (number: number) => string): string {
  const number = numberOf(value);
  if (number === undefined) throw unfit(verb, value);
  return Number.isFinite(Number(number)) ? text(Number(number)) : String(number);
}

function hex(verb: string, value: unknown): string {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  if (!(bytes instanceof Uint8Array)) return whole(verb, value).toString(16);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || typeof value === 'boolean') return String(value);
  const number = numberOf(value);
  if (number !== undefined) return String(number);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof TypeValue) return value.name;
  if (isList(value)) return `[${value.map(textOf).join(', ')}]`;
  if (!(value instanceof MapValue)) throw unfit('s', value);
  const entries = value.keys().map((key) => `${textOf(key)}: ${textOf(value.get(key))}`);
  return `{${entries.sort().join(', ')}}`;
}

export const formatFunctions: readonly Definition[] = [['string.format(list(dyn)): string', format]];
