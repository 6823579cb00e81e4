// Checks for message fields, typed by the field they check: a table of checks does not compile unless every field has a check of the right
// type. The tables themselves are in client-fields.ts and server-fields.ts.

import { isObject } from '../lib/json.ts';

export interface Fault {
  readonly path: readonly (string | number)[];
  readonly problem: 'missing' | 'malformed';
  readonly expected: string;
}

export interface Check<T, IsOptional extends boolean = false> {
  /** The name of the expected type in error messages. */
  readonly kind: string;
  /** Checks for the fields of an object (`parts`), or for the items of an array or record (`part`). */
  readonly parts?: Row;
  readonly part?: Check<unknown>;
  readonly isOptional: IsOptional;
  /** Returns the fault in a value, or undefined if the value is valid. */
  readonly find: (value: unknown) => Fault | undefined;
  /** Phantom type; never set. */
  readonly vouchesFor?: T;
}

/** One check per field of a message or nested object, except `op`. Optional fields may also be null. */
export type Fields<M> = {
  readonly [Name in Exclude<keyof M, 'op'>]-?: object extends Pick<M, Name>
    ? null extends M[Name]
      ? Check<Exclude<M[Name], null | undefined>, true>
      : never
    : Check<M[Name]>;
};

/** A row with its field types erased. */
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
/** A number of bytes, or a byte offset. */
export const count = test('count', (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
export const json = test('json', (value): value is unknown => value !== undefined);
export const strings = test('strings', (value): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string'));

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const uuid = test('uuid', (value): value is string => typeof value === 'string' && uuidPattern.test(value));

/** An object whose contents are validated where they are used. */
export const object = test('object', isObject);

/** A list of lists whose contents are validated where they are used. */
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

/** Returns the first fault in an object's fields. Fields without a check are ignored. */
export function findIn(row: Row, value: unknown): Fault | undefined {
  if (!isObject(value)) return object.find(value);
  for (const [name, check] of Object.entries(row)) {
    const fault = check.find(value[name] ?? undefined);
    if (fault) return within(name, fault);
  }
  return undefined;
}
