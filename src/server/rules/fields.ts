// An object as rules see it: a map that reads what it lacks as null, so that `data.owner == null` can be asked of anything.
// Numbers without a fraction are integers, as rules write them.

import type { WireAttr } from '../../protocol/attr.ts';

export type Follow = (path: string) => readonly unknown[];

export interface FieldsSource {
  readonly read: (name: string) => unknown;
  readonly names?: () => Iterable<string>;
  /** What `ref` finds. */
  readonly follow?: Follow;
}

export class Fields extends Map<string, unknown> {
  readonly #source: FieldsSource;

  constructor(source: FieldsSource) {
    super();
    this.#source = source;
  }

  override get(name: string): unknown {
    return asRuleValue(this.#source.read(name));
  }

  override has(name: string): boolean {
    return this.get(name) !== null;
  }

  override keys(): MapIterator<string> {
    return new Set(this.#source.names?.() ?? []).values();
  }

  ref(path: string): unknown[] {
    if (!this.#source.follow) throw new Error('only data, linkedData and auth have ref');
    return this.#source.follow(path).map(asRuleValue);
  }
}

export function asRuleValue(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(asRuleValue);
  if (typeof value !== 'object' || isReady(value)) return value;
  return fieldsOf(value as Readonly<Record<string, unknown>>);
}

export function fieldsOf(object: Readonly<Record<string, unknown>>, follow?: Follow): Fields {
  const read = (name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);
  return new Fields({ read, names: () => Object.keys(object), ...(follow && { follow }) });
}

/** Things that are not JSON come from the server itself, and are left as they are. */
function isReady(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

/** An attr as the rule `attrs.create` sees it. */
export function attrFields(attr: WireAttr): Fields {
  return fieldsOf({ ...attr });
}
