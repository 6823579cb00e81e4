// CEL's string functions. Positions count code points, not UTF-16 units.

import type { Definition } from './overloads.ts';
import { EvaluationError } from './values.ts';

const isAscii = (text: string): boolean => /^\p{ASCII}*$/u.test(text);

/** A text by code points. For most texts these are its UTF-16 units, which costs nothing to check. */
function charsOf(text: string): readonly string[] | string {
  return isAscii(text) ? text : Array.from(text);
}

const part = (chars: readonly string[] | string, from: number, to?: number): string =>
  typeof chars === 'string' ? chars.slice(from, to) : chars.slice(from, to).join('');

/** @throws EvaluationError unless 0 <= index <= most */
function position(name: string, index: bigint, most: number): number {
  if (index < 0n || index > BigInt(most)) throw new EvaluationError(`${name}: ${index} is out of the text`, 'INTERNAL_ERROR');
  return Number(index);
}

function charAt(text: string, index: bigint): string {
  const chars = charsOf(text);
  const at = position('charAt', index, chars.length);
  return part(chars, at, at + 1);
}

function substring(text: string, start: bigint, end?: bigint): string {
  const chars = charsOf(text);
  const to = end === undefined ? chars.length : position('substring', end, chars.length);
  return part(chars, position('substring', start, to), to);
}

/** The code point at which a UTF-16 unit is located. */
const asChars = (text: string, unit: number): bigint => BigInt(unit <= 0 ? unit : charsOf(text.slice(0, unit)).length);

function indexOf(text: string, found: string, from?: bigint): bigint {
  // As in the original: nothing is found in an empty text.
  if (text === '' && found !== '') throw new EvaluationError('indexOf: the text is empty', 'INTERNAL_ERROR');
  if (from === undefined) return asChars(text, text.indexOf(found));
  const chars = charsOf(text);
  const unit = part(chars, 0, position('indexOf', from, chars.length)).length;
  return asChars(text, text.indexOf(found, unit));
}

function lastIndexOf(text: string, found: string, from?: bigint): bigint {
  if (from === undefined) return asChars(text, text.lastIndexOf(found));
  const chars = charsOf(text);
  const unit = part(chars, 0, position('lastIndexOf', from, chars.length)).length;
  return asChars(text, text.lastIndexOf(found, unit));
}

function replace(text: string, from: string, to: string, most?: bigint): string {
  if (most === undefined || most < 0n) return from === '' ? between(text, to, Infinity) : text.split(from).join(to);
  if (from === '') return between(text, to, Number(most));
  let result = '';
  let at = 0;
  for (let left = most; left > 0n; left--) {
    const next = text.indexOf(from, at);
    if (next < 0) break;
    result += text.slice(at, next) + to;
    at = next + from.length;
  }
  return result + text.slice(at);
}

/** Inserts `to` before each of the first `most` characters, and after the last one if there are fewer. */
function between(text: string, to: string, most: number): string {
  const chars = Array.from(text);
  return chars.map((char, at) => (at < most ? to + char : char)).join('') + (chars.length < most ? to : '');
}

function split(text: string, by: string, most = -1n): string[] {
  const parts = by === '' ? Array.from(text) : text.split(by);
  if (most < 0n || BigInt(parts.length) <= most) return parts;
  if (most === 0n) return [];
  const kept = Number(most) - 1;
  return [...parts.slice(0, kept), parts.slice(kept).join(by)];
}

function join(list: readonly unknown[], by = ''): string {
  if (list.some((each) => typeof each !== 'string')) throw new EvaluationError('join: the list must hold strings only');
  return list.join(by);
}

const space = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const [spaceBefore, spaceAfter] = [new RegExp(`^${space}`), new RegExp(space)];

/** Trailing spaces are searched from the end: a regular expression would scan every run of spaces. */
function trim(text: string): string {
  let end = text.length;
  while (end > 0 && spaceAfter.test(text.charAt(end - 1))) end--;
  return text.slice(0, end).replace(spaceBefore, '');
}

const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  const inner = text.replace(/[\ud800-\udfff]/gu, '\ufffd').replace(/[\x07-\r\\"]/g, (each) => escapes[each] ?? each);
  return `"${inner}"`;
}

export const stringFunctions: readonly Definition[] = [
  ['string.startsWith(string): bool', (text: string, start: string) => text.startsWith(start)],
  ['string.endsWith(string): bool', (text: string, end: string) => text.endsWith(end)],
  ['string.contains(string): bool', (text: string, found: string) => text.includes(found)],
  ['string.charAt(int): string', charAt],
  ['string.indexOf(string): int', indexOf],
  ['string.indexOf(string, int): int', indexOf],
  ['string.lastIndexOf(string): int', lastIndexOf],
  ['string.lastIndexOf(string, int): int', lastIndexOf],
  ['string.substring(int): string', substring],
  ['string.substring(int, int): string', substring],
  ['string.replace(string, string): string', replace],
  ['string.replace(string, string, int): string', replace],
  ['string.split(string): list(string)', split],
  ['string.split(string, int): list(string)', split],
  ['list(string).join(): string', join],
  ['list(string).join(string): string', join],
  ['string.lowerAscii(): string', (text: string) => text.replace(/[A-Z]+/g, (each) => each.toLowerCase())],
  ['string.upperAscii(): string', (text: string) => text.replace(/[a-z]+/g, (each) => each.toUpperCase())],
  ['string.trim(): string', trim],
  ['string.reverse(): string', (text: string) => Array.from(text).reverse().join('')],
  // A lone surrogate is not a character; it is quoted as the replacement character.
  ['strings.quote(string): string', quote],
];
