// Objects in the form rules see them. Missing fields of an entity, the user or the params read as null, so that `data.owner == null` always
// evaluates; an object inside a list has only its own keys. Numbers without a fraction are ints, as rules write them.

import type { WireAttr } from '../../protocol/attr.ts';
import { EvaluationError, Kind, MapValue } from './cel/values.ts';

export type Follow = (path: string) => readonly unknown[];

export interface FieldsSource {
  readonly read: (name: string) => unknown;
  readonly names?: () => Iterable<string>;
  /** Whether the field has a value. Default: whether it is not null. */
  readonly has?: (name: string) => boolean;
  /** The result of `ref`. */
  readonly follow?: Follow;
}

export class Fields extends MapValue {
  readonly #source: FieldsSource;

  constructor(source: FieldsSource) {
    super();
    this.#source = source;
  }

  override get(name: unknown): unknown {
    return typeof name === 'string' ? asRuleValue(this.#source.read(name)) : undefined;
  }

  override has(name: unknown): boolean {
    if (typeof name !== 'string') return false;
    const { has, read } = this.#source;
    return has ? has(name) : (read(name) ?? null) !== null;
  }

  override keys(): string[] {
    return [...new Set(this.#source.names?.() ?? [])].filter((name) => this.has(name));
  }

  ref(path: string): unknown[] {
    if (!this.#source.follow) throw new EvaluationError('only data, linkedData and auth have ref', 'OVERLOAD_NOT_FOUND');
    return this.#source.follow(path).map(asRuleValue);
  }
}

type Json = Readonly<Record<string, unknown>>;

/** An object that has only its own keys. */
class StrictFields extends MapValue {
  readonly #object: Json;

  constructor(object: Json) {
    super();
    this.#object = object;
  }

  override get(name: unknown): unknown {
    return this.has(name) ? asStrictValue(this.#object[name as string]) : undefined;
  }

  override has(name: unknown): boolean {
    return typeof name === 'string' && Object.hasOwn(this.#object, name);
  }

  override keys(): string[] {
    return Object.keys(this.#object);
  }
}

export function asRuleValue(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(asStrictValue);
  if (typeof value !== 'object' || isReady(value)) return value;
  return fieldsOf(value as Json);
}

function asStrictValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isReady(value)) return asRuleValue(value);
  return new StrictFields(value as Json);
}

export function fieldsOf(object: Json, follow?: Follow): Fields {
  const read = (name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);
  const has = (name: string): boolean => Object.hasOwn(object, name);
  return new Fields({ read, has, names: () => Object.keys(object), ...(follow && { follow }) });
}

/** Values that are not JSON come from the server itself and are passed through. */
function isReady(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

/** An attr as the rule `attrs.create` sees it: the fields given by the client. */
export function attrFields({ catalog: _, 'inferred-types': __, 'required?': isRequired, ...said }: WireAttr): Fields {
  return fieldsOf({ ...said, ...(isRequired && { 'required?': true }) });
}

/** `request`: not a map, but a value with four fields. Empty ones count as missing in `has`. */
export class RequestValue {
  readonly kind = Kind.request;
  readonly #read: Readonly<Record<string, () => unknown>>;

  constructor(read: Readonly<Record<string, () => unknown>>) {
    this.#read = read;
  }

  field(name: string): unknown {
    return this.#read[name]?.();
  }

  hasField(name: string): boolean {
    const value = this.field(name);
    return typeof value === 'string' || Array.isArray(value) ? value.length > 0 : value !== undefined;
  }
}
