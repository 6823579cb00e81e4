// CEL's math functions.

import { checkedInt, checkedUint } from './operators.ts';
import type { Definition } from './overloads.ts';
import { EvaluationError, isList, numberOf, Uint } from './values.ts';

const bits = 64;

/** The first of the greatest, or of the smallest, numbers. */
function extreme(name: string, isBetter: (a: bigint | number, b: bigint | number) => boolean): (...given: unknown[]) => unknown {
  return (...given) => {
    const values: readonly unknown[] = isList(given[0]) ? given[0] : given;
    if (values.length === 0) throw new EvaluationError(`${name}: the list is empty`);
    return values.reduce((best, each) => (isBetter(numeric(name, each), numeric(name, best)) ? each : (numeric(name, best), best)));
  };
}

function numeric(name: string, value: unknown): bigint | number {
  const number = numberOf(value);
  if (number === undefined) throw new EvaluationError(`${name} takes numbers`);
  return number;
}

/** Maximum number of arguments of `math.greatest` and `math.least`. */
const most = 10;

function extremes(name: string, isBetter: (a: bigint | number, b: bigint | number) => boolean): Definition[] {
  const run = extreme(name, isBetter);
  const counts = Array.from({ length: most }, (_, at) => at + 1);
  const one = ['int', 'uint', 'double', 'list(int)', 'list(uint)', 'list(double)'].map((type): Definition => [
    `${name}(${type}): dyn`,
    run,
  ]);
  const pairs = ['int', 'uint', 'double'].flatMap((a) =>
    ['int', 'uint', 'double'].map((b): Definition => [`${name}(${a}, ${b}): ${a === b ? a : 'dyn'}`, run]),
  );
  const more = counts.slice(2).map((count): Definition => [`${name}(${Array<string>(count).fill('dyn').join(', ')}): dyn`, run]);
  return [...one, ...pairs, ...more];
}

/** Rounds half to even, as the original does. */
function round(value: number): number {
  const isHalf = Math.abs(value % 1) === 0.5;
  return isHalf ? 2 * Math.round(value / 2) : Math.sign(value) * Math.round(Math.abs(value));
}

const shift = (count: bigint): bigint => {
  if (count < 0n) throw new EvaluationError('bits cannot be shifted by less than none');
  return count;
};

const bitwise: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  bitAnd: (a, b) => a & b,
  bitOr: (a, b) => a | b,
  bitXor: (a, b) => a ^ b,
};

export const mathFunctions: readonly Definition[] = [
  ...extremes('math.greatest', (a, b) => a > b),
  ...extremes('math.least', (a, b) => a < b),
  ['math.abs(int): int', (value: bigint) => checkedInt(value < 0n ? -value : value)],
  ['math.abs(uint): uint', (value: Uint) => value],
  ['math.abs(double): double', Math.abs],
  ['math.sign(int): int', (value: bigint) => (value === 0n ? 0n : value < 0n ? -1n : 1n)],
  ['math.sign(uint): uint', ({ value }: Uint) => new Uint(value === 0n ? 0n : 1n)],
  ['math.sign(double): double', Math.sign],
  ['math.ceil(double): double', Math.ceil],
  ['math.floor(double): double', Math.floor],
  ['math.round(double): double', round],
  ['math.trunc(double): double', Math.trunc],
  ['math.sqrt(double): double', Math.sqrt],
  ['math.sqrt(int): double', (value: bigint) => Math.sqrt(Number(value))],
  ['math.sqrt(uint): double', ({ value }: Uint) => Math.sqrt(Number(value))],
  ['math.isNaN(double): bool', Number.isNaN],
  ['math.isInf(double): bool', (value: number) => Math.abs(value) === Infinity],
  ['math.isFinite(double): bool', Number.isFinite],
  ...Object.entries(bitwise).flatMap(([name, compute]): Definition[] => [
    [`math.${name}(int, int): int`, compute],
    [`math.${name}(uint, uint): uint`, (a: Uint, b: Uint) => new Uint(compute(a.value, b.value))],
  ]),
  ['math.bitNot(int): int', (value: bigint) => ~value],
  ['math.bitNot(uint): uint', ({ value }: Uint) => new Uint(BigInt.asUintN(bits, ~value))],
  ['math.bitShiftLeft(int, int): int', (a: bigint, b: bigint) => (shift(b) >= bits ? 0n : BigInt.asIntN(bits, a << b))],
  [
    'math.bitShiftLeft(uint, int): uint',
    (a: Uint, b: bigint) => (shift(b) >= bits ? new Uint(0n) : new Uint(BigInt.asUintN(bits, a.value << b))),
  ],
  // The sign bit is treated like any other bit.
  [
    'math.bitShiftRight(int, int): int',
    (a: bigint, b: bigint) => (shift(b) >= bits ? 0n : BigInt.asIntN(bits, BigInt.asUintN(bits, a) >> b)),
  ],
  ['math.bitShiftRight(uint, int): uint', (a: Uint, b: bigint) => (shift(b) >= bits ? new Uint(0n) : checkedUint(a.value >> b))],
];
