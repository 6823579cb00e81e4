// Compiles one condition of a `where` to a test of one value. All operators are in one table. A condition says whether a missing value
// satisfies it; for comparisons, it never does.

import { QueryValidationError } from '../errors.ts';
import { asDate } from '../db/ingest.ts';
import { likeMatcher } from '../lib/like.ts';
import { writtenMs } from '../lib/dates.ts';
import { readStoredDate } from '../lib/stored-dates.ts';
import { spend } from './pass.ts';
import { infinite, namedInstant } from './query-dates.ts';
import type { Value } from '../protocol/triple.ts';
import { hasOwn } from '../lib/own.ts';

export interface Condition {
  /** Tests a stored value, which may be null. */
  readonly matches: (value: Value) => boolean;
  /** Whether a missing value satisfies it, at any step of its path. */
  readonly acceptsNull: boolean;
  /** Whether it is `$isNull`: then the entity itself must be known, not only its value. */
  readonly testsNull: boolean;
  /** If it is an equality: the values, for an index lookup. */
  readonly equals: readonly Value[] | undefined;
}

type Test = (value: Value) => boolean;
type Operator = (operand: Value, comparable: Comparable, isDate: boolean) => Test;
/** Values of date attrs are compared as instants, everything else as it is. */
type Comparable = (value: Value) => Value;

const isNullish = (value: Value): boolean => value === null || value === undefined;

const compares =
  (test: (value: never, operand: never) => boolean): Operator =>
  (operand, comparable, isDate) => {
    const bound = primitive((isDate ? namedInstant(operand) : undefined) ?? comparable(operand)) as never;
    return (value) => !isNullish(value) && test(primitive(comparable(value)) as never, bound);
  };

const differs: Operator = (operand, comparable) => {
  const other = comparable(operand);
  return (value) => value === undefined || (value !== null && comparable(value) !== other);
};

const isOneOf: Operator = (operand, comparable) => {
  const orNull = (value: Value): Value => (value === null ? null : comparable(value));
  const choices = new Set(Array.isArray(operand) ? operand.map(orNull) : []);
  return (value) => value !== undefined && choices.has(orNull(value));
};

const likeOperator =
  (isCaseless: boolean): Operator =>
  (operand) => {
    const matches = typeof operand === 'string' && likeMatcher(operand, isCaseless, (comparisons) => spend(comparisons / 20));
    return (value) => typeof value === 'string' && matches && matches(value);
  };

/** A missing value counts as undefined. */
const operators: Readonly<Record<string, Operator>> = {
  $in: isOneOf,
  in: isOneOf,
  $not: differs,
  $ne: differs,
  $isNull: (operand) => (value) => isNullish(value) === (operand === true),
  $gt: compares((value, bound) => value > bound),
  $gte: compares((value, bound) => value >= bound),
  $lt: compares((value, bound) => value < bound),
  $lte: compares((value, bound) => value <= bound),
  $like: likeOperator(false),
  $ilike: likeOperator(true),
};

const equality: Operator = (input, comparable) => {
  const expected = comparable(input);
  return (value) => input !== undefined && (value === expected || (!isNullish(value) && comparable(value) === expected));
};

export function condition(input: unknown, isDate: boolean): Condition {
  const comparable: Comparable = isDate ? instant : (value) => value;
  if (input === null) throw new QueryValidationError('null is no condition: use { $isNull: true }');
  const entries: [string, unknown][] | undefined =
    typeof input === 'object' && !(input instanceof Date) ? Object.entries(input) : undefined;
  const known = entries?.filter(([name, operand]) => hasOwn(operators, name) && operand !== undefined);
  const tests = known?.map(([name, operand]) => (operators[name] as Operator)(operand, comparable, isDate)) ?? [
    equality(input, comparable, isDate),
  ];
  const matches = tests.length === 1 ? (tests[0] as Test) : (value: Value) => tests.length > 0 && tests.every((test) => test(value));
  const choices: unknown = known ? known.find(([name, operand]) => operators[name] === isOneOf && Array.isArray(operand))?.[1] : [input];
  return {
    matches,
    acceptsNull: matches(undefined),
    testsNull: known?.some(([name]) => name === '$isNull') ?? false,
    equals: isDate || input === undefined ? undefined : (choices as Value[] | undefined),
  };
}

/** Tests an id. */
export function idPrefixCondition(prefix: unknown): Condition {
  const matches = (value: Value): boolean => typeof value === 'string' && typeof prefix === 'string' && value.startsWith(prefix);
  return { matches, acceptsNull: false, testsNull: false, equals: undefined };
}

/** The primitive that `<` and `>` compare, without calling methods of the value: `{ toString: 1 }` must be comparable too. */
export function primitive(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.getTime();
  return Array.isArray(value) ? value.map(primitive).join() : '[object Object]';
}

/** Milliseconds since the epoch; NaN if the value is not a date. */
export function instant(value: Value): number {
  if (typeof value === 'number') return value;
  const date = asDate(value);
  return date instanceof Date ? writtenMs(date) : (infinite(value) ?? readStoredDate(value));
}
