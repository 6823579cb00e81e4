// Conversions between types; an error where a value has no counterpart.

import { checkedInt, checkedUint } from './operators.ts';
import type { Definition } from './overloads.ts';
import { durationText, timestampText } from './time.ts';
import { type Duration, EvaluationError, type MapValue, type Timestamp, TypeValue, typeNameOf, type Uint } from './values.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const toUtf8 = new TextEncoder();

function intOfText(text: string): bigint {
  const [, sign, digits] = /^([+-]?)(\p{Nd}+)$/u.exec(text) ?? [];
  if (digits === undefined || digits.length > 100) throw new EvaluationError(`'${text}' is not an int`, 'BAD_FORMAT');
  const plain = BigInt(digits.replace(/\P{ASCII}/gu, digitOf));
  return checkedInt(sign === '-' ? -plain : plain);
}

/** Decimal digits of every script occupy ten consecutive code points. */
function digitOf(char: string): string {
  let at = char.codePointAt(0) ?? 0;
  let value = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(at - 1)) && value < 9) {
    at--;
    value++;
  }
  return String(value);
}

function uintOfText(text: string): Uint {
  if (!/^\d{1,100}$/.test(text)) throw new EvaluationError(`'${text}' is not a uint`, 'BAD_FORMAT');
  return checkedUint(BigInt(text));
}

function whole(value: number): bigint {
  if (!(Math.abs(value) < 2 ** 64)) throw new EvaluationError(`${value} is no whole number`, 'NUMERIC_OVERFLOW');
  return BigInt(Math.trunc(value));
}

/** Parses as Java does, because the rules of existing apps rely on it. */
function doubleOfText(text: string): number {
  const trimmed = text.trim();
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/.test(trimmed)) return Number(trimmed.replace(/[dDfF]$/, ''));
  const [, sign, name] = /^([+-]?)(NaN|Infinity)$/.exec(trimmed) ?? [];
  if (name === undefined) throw new EvaluationError(`'${text}' is not a double`, 'BAD_FORMAT');
  return name === 'NaN' ? NaN : sign === '-' ? -Infinity : Infinity;
}

/** Formats as Java does: always with a fraction, and with an exponent outside 0.001 to 10,000,000. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

function bytesText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new EvaluationError('string: the bytes are no UTF-8', 'BAD_FORMAT', { cause });
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'True', 'TRUE', 't', '1'].map((text) => [text, true] as const),
  ...['false', 'False', 'FALSE', 'f', '0'].map((text) => [text, false] as const),
]);

function boolOfText(text: string): boolean {
  const value = booleans.get(text);
  if (value === undefined) throw new EvaluationError(`'${text}' is not a bool`, 'BAD_FORMAT');
  return value;
}

const same = (value: unknown): unknown => value;

export const conversions: readonly Definition[] = [
  ['int(int): int', same],
  ['int(uint): int', ({ value }: Uint) => checkedInt(value)],
  // The smallest int has no exact double: the double may stand for a smaller number.
  ['int(double): int', (value: number) => checkedInt(whole(value <= -(2 ** 63) ? NaN : value))],
  ['int(string): int', intOfText],
  [
    'int(timestamp): int',
    ({ nanos }: Timestamp) => (nanos - (((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n,
  ],
  ['uint(uint): uint', same],
  ['uint(int): uint', (value: bigint) => checkedUint(value)],
  ['uint(double): uint', (value: number) => checkedUint(value < 0 ? -1n : whole(value))],
  ['uint(string): uint', uintOfText],
  ['double(double): double', same],
  ['double(int): double', (value: bigint) => Number(value)],
  ['double(uint): double', ({ value }: Uint) => Number(value)],
  ['double(string): double', doubleOfText],
  ['bool(bool): bool', same],
  ['bool(string): bool', boolOfText],
  ['bytes(bytes): bytes', same],
  ['bytes(string): bytes', (text: string) => toUtf8.encode(text)],
  ['string(string): string', same],
  ['string(bool): string', (value: boolean) => String(value)],
  ['string(int): string', (value: bigint) => String(value)],
  ['string(uint): string', ({ value }: Uint) => String(value)],
  ['string(double): string', doubleText],
  ['string(bytes): string', bytesText],
  ['string(timestamp): string', timestampText],
  ['string(duration): string', (value: Duration) => durationText(value)],
  ['type(A): type', (value: unknown) => new TypeValue(typeNameOf(value))],
  ['dyn(A): dyn', same],
  ['size(string): int', (text: string) => BigInt(codePoints(text))],
  ['size(bytes): int', (bytes: Uint8Array) => BigInt(bytes.length)],
  ['size(list(A)): int', (list: readonly unknown[]) => BigInt(list.length)],
  ['size(map(A, B)): int', (map: MapValue) => BigInt(map.size)],
  ['string.size(): int', (text: string) => BigInt(codePoints(text))],
  ['bytes.size(): int', (bytes: Uint8Array) => BigInt(bytes.length)],
  ['list(A).size(): int', (list: readonly unknown[]) => BigInt(list.length)],
  ['map(A, B).size(): int', (map: MapValue) => BigInt(map.size)],
];

function codePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}
