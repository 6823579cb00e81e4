// Runtime values of the expression language. Booleans, strings, null and doubles are JavaScript's own, an int is a bigint, bytes are a
// Uint8Array, a list is an array; every other value is an object that names its kind.

export const Kind = {
  null: 0,
  bool: 1,
  int: 2,
  uint: 3,
  double: 4,
  string: 5,
  bytes: 6,
  timestamp: 7,
  duration: 8,
  list: 9,
  map: 10,
  type: 11,
  request: 12,
  rateLimit: 13,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** The result of `type(x)`, by kind. */
const typeNames: readonly string[] = [
  ...['null_type', 'bool', 'int', 'uint', 'double', 'string', 'bytes'],
  ...['google.protobuf.Timestamp', 'google.protobuf.Duration', 'list', 'map', 'type', 'request', 'rateLimit'],
];

/** Error codes of CEL implementations, which programs match on. */
export type FaultCode =
  | 'ATTRIBUTE_NOT_FOUND'
  | 'BAD_FORMAT'
  | 'DIVIDE_BY_ZERO'
  | 'DUPLICATE_ATTRIBUTE'
  | 'INDEX_OUT_OF_BOUNDS'
  | 'INTERNAL_ERROR'
  | 'INVALID_ARGUMENT'
  | 'NUMERIC_OVERFLOW'
  | 'OVERLOAD_NOT_FOUND';

/** Evaluation failed for these values. `||`, `&&`, `all` and `exists` continue if another operand decides. */
export class EvaluationError extends Error {
  readonly code: FaultCode;

  constructor(message: string, code: FaultCode = 'INVALID_ARGUMENT', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class Uint {
  readonly kind = Kind.uint;
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since the epoch. */
export class Timestamp {
  readonly kind = Kind.timestamp;
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Duration {
  readonly kind = Kind.duration;
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class TypeValue {
  readonly kind = Kind.type;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Keys are strings, ints, uints and bools; equal numbers are the same key whatever their type. */
export abstract class MapValue {
  readonly kind = Kind.map;

  /** Undefined = the key is missing. */
  abstract get(key: unknown): unknown;

  /** Whether the key has a value; distinguishes it from a missing key where a map reads missing keys as null. */
  abstract has(key: unknown): boolean;

  abstract keys(): unknown[];

  get size(): number {
    return this.keys().length;
  }
}

/** A map created by an expression. */
export class MapLiteral extends MapValue {
  readonly #entries = new Map<unknown, readonly [key: unknown, value: unknown]>();

  /** @throws EvaluationError for a repeated or invalid key */
  add(key: unknown, value: unknown): void {
    const plain = plainKey(key);
    if (plain === undefined) throw new EvaluationError(`a value of type ${typeNameOf(key)} is no key of a map`);
    if (this.#entries.has(plain)) throw new EvaluationError(`the map has the key ${String(plain)} twice`, 'DUPLICATE_ATTRIBUTE');
    this.#entries.set(plain, [key, value]);
  }

  override get(key: unknown): unknown {
    return this.#entries.get(plainKey(key))?.[1];
  }

  override has(key: unknown): boolean {
    return this.#entries.has(plainKey(key));
  }

  override keys(): unknown[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  override get size(): number {
    return this.#entries.size;
  }
}

function plainKey(key: unknown): string | bigint | boolean | undefined {
  if (typeof key === 'string' || typeof key === 'bigint' || typeof key === 'boolean') return key;
  if (key instanceof Uint) return key.value;
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : undefined;
}

interface Typed {
  readonly kind: Kind;
}

export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case 'string':
      return Kind.string;
    case 'bigint':
      return Kind.int;
    case 'number':
      return Kind.double;
    case 'boolean':
      return Kind.bool;
    default:
      if (value === null) return Kind.null;
      if (Array.isArray(value)) return Kind.list;
      return value instanceof Uint8Array ? Kind.bytes : (value as Typed).kind;
  }
}

export function typeNameOf(value: unknown): string {
  return typeNames[kindOf(value)] ?? '';
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** An int, a uint or a double, as a value that JavaScript can compare with the others. */
export function numberOf(value: unknown): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

/** Equality of any two values: values of different types differ, except numbers. `visit` is called for each compared element. */
export function equals(a: unknown, b: unknown, visit: () => void): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' && typeof b !== 'object') return typeof a !== 'string' && typeof b !== 'string' && numbersEqual(a, b);
  if (isList(a)) return isList(b) && a.length === b.length && a.every((each, at) => (visit(), equals(each, b[at], visit)));
  if (a instanceof MapValue) return b instanceof MapValue && mapsEqual(a, b, visit);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  return numbersEqual(a, b);
}

function numbersEqual(a: unknown, b: unknown): boolean {
  const [left, right] = [numberOf(a), numberOf(b)];
  // eslint-disable-next-line eqeqeq -- a bigint and a number are compared by value
  return left !== undefined && right !== undefined && left == right;
}

function mapsEqual(a: MapValue, b: MapValue, visit: () => void): boolean {
  const keys = a.keys();
  if (keys.length !== b.size) return false;
  return keys.every((key) => (visit(), b.has(key) && equals(a.get(key), b.get(key), visit)));
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return (a[at] ?? 0) - (b[at] ?? 0);
  return a.length - b.length;
}
