// Small guards for the fields of a message, tied to the types they vouch for: a table of them does not compile
// unless it has a fitting one for every field. Which field takes which is said in client-fields.ts and server-fields.ts.

export interface Fault {
  readonly path: readonly (string | number)[];
  readonly problem: 'missing' | 'malformed';
  readonly expected: string;
}

export interface Check<T, IsOptional extends boolean = false> {
  /** As the snapshot of the protocol and the texts of errors name it. */
  readonly kind: string;
  readonly isOptional: IsOptional;
  /** What is wrong with a value that is there. */
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

export function test<T>(kind: string, isFine: (value: unknown) => value is T): Check<T> {
  const fault: Fault = { path: [], problem: 'malformed', expected: kind };
  return { kind, isOptional: false, find: (value) => (isFine(value) ? undefined : fault) };
}

export function optional<T>(check: Check<T>): Check<T, true> {
  return { kind: `${check.kind}?`, isOptional: true, find: check.find };
}

export const string = test('string', (value): value is string => typeof value === 'string');
export const boolean = test('boolean', (value): value is boolean => typeof value === 'boolean');
export const integer = test('integer', (value): value is number => Number.isSafeInteger(value));
/** A number of bytes, or a place among them. */
export const count = test('count', (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
export const json = test('json', (value): value is unknown => value !== undefined);
export const strings = test('strings', (value): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string'));

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const uuid = test('uuid', (value): value is string => typeof value === 'string' && uuidForm.test(value));

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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
export function shape<T extends object>(fields: Fields<T>): Check<T> {
  const entries = Object.entries<Check<unknown, boolean>>(fields);
  const kind = `{${entries.map(([name, check]) => `${name}: ${check.kind}`).join(', ')}}`;
  return {
    kind,
    isOptional: false,
    find: (value) => (isObject(value) ? findIn(entries, value) : { path: [], problem: 'malformed', expected: 'object' }),
  };
}

export function each<T>(check: Check<T>): Check<readonly T[]> {
  return {
    kind: `${check.kind}[]`,
    isOptional: false,
    find(value) {
      if (!Array.isArray(value)) return { path: [], problem: 'malformed', expected: 'array' };
      for (let at = 0; at < value.length; at++) {
        const fault = check.find(value[at]);
        if (fault) return { ...fault, path: [at, ...fault.path] };
      }
      return undefined;
    },
  };
}

/** The first fault in an object's fields. Fields without a check are let be. */
export function findIn(
  entries: readonly (readonly [name: string, check: Check<unknown, boolean>])[],
  value: Readonly<Record<string, unknown>>,
): Fault | undefined {
  for (const [name, check] of entries) {
    const found = Object.hasOwn(value, name) ? value[name] : undefined;
    if (found === undefined || found === null) {
      if (check.isOptional) continue;
      return { path: [name], problem: 'missing', expected: check.kind };
    }
    const fault = check.find(found);
    if (fault) return { ...fault, path: [name, ...fault.path] };
  }
  return undefined;
}
