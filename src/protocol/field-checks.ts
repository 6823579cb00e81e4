// Small guards for the fields of a message, tied to the types they vouch for: a table of them does not compile
// unless it has a fitting one for every field. Which field takes which is said in client-fields.ts and server-fields.ts.

import { isObject } from '../lib/json.ts';

export interface Fault {
  readonly path: readonly (string | number)[];
  readonly problem: 'missing' | 'malformed';
  readonly expected: string;
}

export interface Check<T, IsOptional extends boolean = false> {
  /** As the texts of errors name it. */
  readonly kind: string;
  /** What its fields are checked with; what all that is in it is. */
  readonly parts?: Row;
  readonly part?: Check<unknown>;
  readonly isOptional: IsOptional;
  /** What is wrong with a value, undefined if it is not there. */
  readonly find: (value: unknown) => Fault | undefined;
  /** Never set; ties the check to what it vouches for. */
  readonly vouchesFor?: T;
}

/** A check for every field of a message or of an object in it, `op` apart. What may be missing may be null too. */
export type Fields<M> = {
  readonly [Name in Exclude<keyof M, 'op'>]-?: object extends Pick<M, Name>
    ? null extends M[Name]
      ? Check<Exclude<M[Name], null | undefined>, true>
      : never
    : Check<M[Name]>;
};

/** Any row, its types forgotten. */
export type Row = Readonly<Record<string, Check<unknown, boolean>>>;

export function test<T>(kind: string, isValid: (value: unknown) => value is T): Check<T> {
  return {
    kind,
    isOptional: false,
    find: (value) => (isValid(value) ? undefined : { path: [], problem: value === undefined ? 'missing' : 'malformed', expected: kind }),
  };
}

export function optional<T>(check: Check<T>): Check<T, true> {
  return { ...check, isOptional: true, find: (value) => (value === undefined ? undefined : check.find(value)) };
}

export const string = test('string', (value): value is string => typeof value === 'string');
export const boolean = test('boolean', (value): value is boolean => typeof value === 'boolean');
export const integer = test('integer', (value): value is number => Number.isSafeInteger(value));
/** A number of bytes, or a place among them. */
export const count = test('count', (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
export const json = test('json', (value): value is unknown => value !== undefined);
export const strings = test('strings', (value): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string'));

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const uuid = test('uuid', (value): value is string => typeof value === 'string' && uuidPattern.test(value));

/** An object; what is in it is looked at by those who use it. */
export const object = test('object', isObject);

/** A list of lists; what is in them is looked at by those who use it. */
export function rows<T extends readonly unknown[]>(): Check<readonly T[]> {
  return test('rows', (value): value is readonly T[] => Array.isArray(value) && value.every(Array.isArray));
}

export function oneOf<const T extends string>(...choices: readonly T[]): Check<T> {
  return test(choices.join('|'), (value): value is T => choices.some((choice) => choice === value));
}

/** An object with these fields. */
export function shape<T extends object>(parts: Fields<T>): Check<T> {
  return { kind: 'object', isOptional: false, parts, find: (value) => findIn(parts, value) };
}

export function each<T>(part: Check<T>): Check<readonly T[]> {
  return {
    ...list,
    part,
    find(value) {
      if (!Array.isArray(value)) return list.find(value);
      for (let at = 0; at < value.length; at++) {
        const fault = part.find(value[at]);
        if (fault) return within(at, fault);
      }
      return undefined;
    },
  };
}

const list: Check<readonly never[]> = test('array', (value): value is readonly never[] => Array.isArray(value));

export function within(key: string | number, fault: Fault): Fault {
  return { ...fault, path: [key, ...fault.path] };
}

/** The first fault in an object and its fields. Fields without a check are let be. */
export function findIn(row: Row, value: unknown): Fault | undefined {
  if (!isObject(value)) return object.find(value);
  for (const [name, check] of Object.entries(row)) {
    const fault = check.find(value[name] ?? undefined);
    if (fault) return within(name, fault);
  }
  return undefined;
}
