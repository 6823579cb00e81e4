// What one condition of a `where` asks of one value: one table of operators. A condition says whether it also holds
// where there is no value; comparisons never do.

import { QueryValidationError } from '../errors.ts';
import { coerceToDate } from '../lib/dates.ts';
import { likeMatcher } from '../lib/like.ts';
import type { Value } from '../protocol/triple.ts';

export interface Condition {
  /** For a stored value; null is one. */
  readonly holds: (value: Value) => boolean;
  /** Whether a missing value satisfies it, at any step of its path. */
  readonly acceptsNull: boolean;
  /** Whether it asks `$isNull`, either way: then the entity itself must be known, not just its value. */
  readonly asksNull: boolean;
  /** The values it is an equality with, where it is one: what an index can answer. */
  readonly equals: readonly Value[] | undefined;
}

type Test = (value: Value) => boolean;
interface Operator {
  readonly test: (operand: Value, comparable: Comparable) => Test;
  readonly acceptsNull?: (operand: Value) => boolean;
}
/** Values of date attrs are compared as instants, everything else as it is. */
type Comparable = (value: Value) => Value;

const isNone = (value: Value): boolean => value === null || value === undefined;

const compares =
  (test: (value: never, operand: never) => boolean): Operator['test'] =>
  (operand, comparable) => {
    const bound = primitive(comparable(operand)) as never;
    return (value) => !isNone(value) && test(primitive(comparable(value)) as never, bound);
  };

const differs: Operator = {
  test: (operand, comparable) => {
    const other = comparable(operand);
    return (value) => !isNone(value) && comparable(value) !== other;
  },
  acceptsNull: () => true,
};

const isOneOf: Operator = {
  test: (operand, comparable) => {
    const choices = new Set(Array.isArray(operand) ? operand.map((choice: Value) => (choice === null ? null : comparable(choice))) : []);
    return (value) => choices.has(value === null ? null : comparable(value));
  },
};

const operators: Readonly<Record<string, Operator>> = {
  $in: isOneOf,
  in: isOneOf,
  $not: differs,
  $ne: differs,
  $isNull: {
    test: (operand) => (value) => isNone(value) === (operand === true),
    acceptsNull: (operand) => operand === true,
  },
  $gt: { test: compares((value, bound) => value > bound) },
  $gte: { test: compares((value, bound) => value >= bound) },
  $lt: { test: compares((value, bound) => value < bound) },
  $lte: { test: compares((value, bound) => value <= bound) },
  $like: { test: (operand) => like(operand, false) },
  $ilike: { test: (operand) => like(operand, true) },
};

export function condition(given: unknown, isDate: boolean): Condition {
  const comparable: Comparable = isDate ? instant : (value) => value;
  if (given === null) throw new QueryValidationError('null is no condition: use { $isNull: true }');
  if (typeof given !== 'object' || given instanceof Date) return equality(given, comparable, isDate);
  const asked = Object.entries(given).filter(([name, operand]) => Object.hasOwn(operators, name) && operand !== undefined);
  if (asked.length === 0) return { holds: () => false, acceptsNull: false, asksNull: false, equals: undefined };
  const tests = asked.map(([name, operand]) => (operators[name] as Operator).test(operand, comparable));
  const acceptsNull = asked.every(([name, operand]) => operators[name]?.acceptsNull?.(operand) ?? false);
  const choices = asked.find(([name, operand]) => (name === '$in' || name === 'in') && Array.isArray(operand))?.[1] as Value[] | undefined;
  return {
    holds: tests.length === 1 ? (tests[0] as Test) : (value) => tests.every((test) => test(value)),
    acceptsNull,
    asksNull: asked.some(([name]) => name === '$isNull'),
    equals: isDate ? undefined : choices,
  };
}

function equality(given: unknown, comparable: Comparable, isDate: boolean): Condition {
  const wanted = comparable(given);
  const holds = given === undefined ? () => false : (value: Value) => value === wanted || (!isNone(value) && comparable(value) === wanted);
  return { holds, acceptsNull: false, asksNull: false, equals: isDate || given === undefined ? undefined : [given] };
}

/** What `<` and `>` would make of a value; but nothing in the value has a say in it, for then `{ toString: 1 }` could not be compared. */
export function primitive(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.getTime();
  return Array.isArray(value) ? value.map(primitive).join() : '[object Object]';
}

/** Milliseconds since the epoch, or NaN for what is no date. */
export function instant(value: Value): number {
  if (typeof value === 'number') return value;
  if (value instanceof Date) return value.getTime();
  if (typeof value !== 'string') return Number.NaN;
  try {
    return coerceToDate(value)?.getTime() ?? Number.NaN;
  } catch {
    return Number.NaN;
  }
}

function like(operand: Value, isCaseless: boolean): Test {
  if (typeof operand !== 'string') return () => false;
  const matches = likeMatcher(operand, isCaseless);
  return (value) => typeof value === 'string' && matches(value);
}
