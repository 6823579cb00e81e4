// Arithmetic, order and membership. An int has 64 bits; overflow is an error. An int beside a double or a uint is converted, because
// numbers in the data are ints if they have no fraction, and rules need not care.

import type { Definition } from './overloads.ts';
import type { Duration, Timestamp } from './values.ts';
import { compareBytes, equals, EvaluationError, isList, MapValue, numberOf, Uint } from './values.ts';
import { checkedDuration, checkedTimestamp } from './time.ts';

const mostInt = 2n ** 63n - 1n;
const leastInt = -(2n ** 63n);
const mostUint = 2n ** 64n - 1n;

export function checkedInt(value: bigint): bigint {
  if (value > mostInt || value < leastInt) throw new EvaluationError('the number is out of the range of int', 'NUMERIC_OVERFLOW');
  return value;
}

export function checkedUint(value: bigint): Uint {
  if (value < 0n || value > mostUint) throw new EvaluationError('the number is out of the range of uint', 'NUMERIC_OVERFLOW');
  return new Uint(value);
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw new EvaluationError('division by zero', 'DIVIDE_BY_ZERO');
  return value;
}

interface Arithmetic {
  readonly ints: (a: bigint, b: bigint) => bigint;
  /** Undefined if the operator is not defined for doubles. */
  readonly doubles?: (a: number, b: number) => number;
}

const arithmetic: Readonly<Record<string, Arithmetic>> = {
  '_+_': { ints: (a, b) => a + b, doubles: (a, b) => a + b },
  '_-_': { ints: (a, b) => a - b, doubles: (a, b) => a - b },
  '_*_': { ints: (a, b) => a * b, doubles: (a, b) => a * b },
  '_/_': { ints: (a, b) => a / divisor(b), doubles: (a, b) => a / b },
  '_%_': { ints: (a, b) => a % divisor(b) },
};

function arithmeticOf([name, { ints, doubles }]: [string, Arithmetic]): Definition[] {
  const ofInts: Definition[] = [
    [`${name}(int, int): int`, (a: bigint, b: bigint) => checkedInt(ints(a, b))],
    [`${name}(uint, uint): uint`, (a: Uint, b: Uint) => checkedUint(ints(a.value, b.value))],
  ];
  if (!doubles) return ofInts;
  const mixed = (a: unknown, b: unknown): number => doubles(Number(numberOf(a)), Number(numberOf(b)));
  return [
    ...ofInts,
    [`${name}(double, double): double`, doubles],
    [`mixed ${name}(int, double): double`, mixed],
    [`mixed ${name}(double, int): double`, mixed],
  ];
}

const others: readonly Definition[] = [
  ['-_(int): int', (a: bigint) => checkedInt(-a)],
  ['-_(double): double', (a: number) => -a],
  ['!_(bool): bool', (a: boolean) => !a],
  ['_+_(string, string): string', (a: string, b: string) => a + b],
  ['_+_(bytes, bytes): bytes', (a: Uint8Array, b: Uint8Array) => Uint8Array.of(...a, ...b)],
  ['_+_(list(A), list(A)): list(A)', (a: readonly unknown[], b: readonly unknown[]) => [...a, ...b]],
  ['_+_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => checkedTimestamp(a.nanos + b.nanos)],
  ['_+_(duration, timestamp): timestamp', (a: Duration, b: Timestamp) => checkedTimestamp(a.nanos + b.nanos)],
  ['_+_(duration, duration): duration', (a: Duration, b: Duration) => checkedDuration(a.nanos + b.nanos)],
  ['_-_(timestamp, timestamp): duration', (a: Timestamp, b: Timestamp) => checkedDuration(a.nanos - b.nanos)],
  ['_-_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => checkedTimestamp(a.nanos - b.nanos)],
  ['_-_(duration, duration): duration', (a: Duration, b: Duration) => checkedDuration(a.nanos - b.nanos)],
];

const numbers = ['int', 'uint', 'double'];

/** NaN is unordered. */
const orders: Readonly<Record<string, (order: number) => boolean>> = {
  '_<_': (order) => order < 0,
  '_<=_': (order) => order <= 0,
  '_>_': (order) => order > 0,
  '_>=_': (order) => order >= 0,
};

function orderOf<T extends bigint | number | string | boolean>(a: T, b: bigint | number | string | boolean): number {
  if (a < b) return -1;
  return a > b ? 1 : a == b ? 0 : NaN; // eslint-disable-line eqeqeq -- a bigint and a number are compared by value
}

const numeric = (a: unknown, b: unknown): number => orderOf(numberOf(a) ?? NaN, numberOf(b) ?? NaN);

function comparisonsOf([name, holds]: [string, (order: number) => boolean]): Definition[] {
  const mixed = numbers.flatMap((a) =>
    numbers.map((b): Definition => [
      `${a === b ? '' : 'mixed '}${name}(${a}, ${b}): bool`,
      (x: unknown, y: unknown) => holds(numeric(x, y)),
    ]),
  );
  return [
    ...mixed,
    [`${name}(bool, bool): bool`, (a: boolean, b: boolean) => holds(orderOf(a, b))],
    [`${name}(string, string): bool`, (a: string, b: string) => holds(orderOf(a, b))],
    [`${name}(bytes, bytes): bool`, (a: Uint8Array, b: Uint8Array) => holds(compareBytes(a, b))],
    [`${name}(timestamp, timestamp): bool`, (a: Timestamp, b: Timestamp) => holds(orderOf(a.nanos, b.nanos))],
    [`${name}(duration, duration): bool`, (a: Duration, b: Duration) => holds(orderOf(a.nanos, b.nanos))],
  ];
}

/** Declares types only; evaluation is compiled separately. */
const compiled = (): never => {
  throw new Error('compiled');
};
const signatures = [
  ...['_==_(A, A): bool', '_!=_(A, A): bool', '_||_(bool, bool): bool', '_&&_(bool, bool): bool', '_?_:_(bool, A, A): A'],
  ...['@in(A, list(A)): bool', '@in(A, map(A, B)): bool', '_[_](list(A), int): A', '_[_](map(A, B), A): B'],
];

export const operators: readonly Definition[] = [
  ...Object.entries(arithmetic).flatMap(arithmeticOf),
  ...others,
  ...Object.entries(orders).flatMap(comparisonsOf),
  ...signatures.map((signature): Definition => [signature, compiled]),
];

/** Membership as `in` tests it; in a list it finds NaN too, although NaN equals nothing. */
export function isIn(value: unknown, container: unknown, visit: () => void): boolean {
  if (isList(container)) return container.some((each) => (visit(), equals(value, each, visit) || Object.is(value, each)));
  if (container instanceof MapValue) return container.has(value);
  throw new EvaluationError("the right side of 'in' must be a list or a map", 'OVERLOAD_NOT_FOUND');
}

export function indexed(container: unknown, index: unknown): unknown {
  if (isList(container)) {
    const at = numberOf(index);
    if (at === undefined) throw new EvaluationError('the index of a list must be a number', 'OVERLOAD_NOT_FOUND');
    const value = Number.isInteger(Number(at)) ? container[Number(at)] : undefined;
    if (value === undefined) throw new EvaluationError('the index is out of the list', 'INDEX_OUT_OF_BOUNDS');
    return value;
  }
  if (!(container instanceof MapValue)) throw new EvaluationError('only lists and maps have elements', 'OVERLOAD_NOT_FOUND');
  const value = container.get(index);
  if (value === undefined) throw noKey(index);
  return value;
}

export function selected(map: unknown, name: string): unknown {
  if (!(map instanceof MapValue)) throw new EvaluationError(`'${name}' is no field: only maps have fields`, 'ATTRIBUTE_NOT_FOUND');
  const value = map.get(name);
  if (value === undefined) throw noKey(name);
  return value;
}

function noKey(key: unknown): EvaluationError {
  return new EvaluationError(`the map has no key ${typeof key === 'string' ? `'${key}'` : String(key)}`, 'ATTRIBUTE_NOT_FOUND');
}
