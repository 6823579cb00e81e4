// Functions by name and argument types. Overloads are resolved by static types at compile time, to reject calls that no overload accepts,
// and again by values at evaluation.

import { type Bound, fits, joined, readType, readTypes, resolved, type Type, typeText } from './types.ts';
import { EvaluationError, Kind, kindOf, typeNameOf } from './values.ts';

/** `string.charAt(int): string` is a method, `size(string): int` a function, `math.abs(int): int` a namespaced function. */
export type Definition = readonly [signature: string, run: (...given: never[]) => unknown];

type Run = (...given: unknown[]) => unknown;

interface Overload {
  readonly params: readonly Type[];
  readonly result: Type;
  /** Mixed numeric types: accepted only if a type is unknown before evaluation. */
  readonly isMixed: boolean;
  readonly run: Run;
}

const namespaces: ReadonlySet<string> = new Set(['math', 'strings']);
const kinds: Readonly<Record<string, Kind>> = Kind;
const kindCount = 16;

/** All functions, or all methods, of one name. */
export class Functions {
  readonly name: string;
  readonly #isMethod: boolean;
  readonly #overloads: Overload[] = [];
  /** By the kinds of the arguments. Null = no overload accepts them. */
  readonly #known = new Map<number, Run | null>();

  constructor(name: string, isMethod: boolean) {
    this.name = name;
    this.#isMethod = isMethod;
  }

  add(overload: Overload): void {
    this.#overloads.push(overload);
  }

  /** @throws Error if no overload accepts the arguments */
  check(given: readonly Type[]): Type {
    const isOpen = given.some(({ name }) => name === 'dyn');
    let result: Type | undefined;
    for (const { params, result: type, isMixed } of this.#overloads) {
      if (params.length !== given.length || (isMixed && !isOpen)) continue;
      const bound: Bound = new Map();
      if (given.every((each, at) => fits(each, params[at] as Type, bound))) result = joined(result, resolved(type, bound));
    }
    if (!result) throw new Error(`no '${this.name}' takes ${this.#text(given.map(typeText))}`);
    return result;
  }

  call(given: readonly unknown[]): unknown {
    let key = given.length;
    for (const value of given) key = key * kindCount + kindOf(value);
    return this.#found(key, given)(...given);
  }

  call1(a: unknown): unknown {
    return this.#found(kindCount + kindOf(a), [a])(a);
  }

  call2(a: unknown, b: unknown): unknown {
    return this.#found((2 * kindCount + kindOf(a)) * kindCount + kindOf(b), [a, b])(a, b);
  }

  #found(key: number, given: readonly unknown[]): Run {
    let run = this.#known.get(key);
    if (run === undefined) this.#known.set(key, (run = this.#find(given.map(kindOf))?.run ?? null));
    if (run === null) throw new EvaluationError(`no '${this.name}' takes ${this.#text(given.map(typeNameOf))}`, 'OVERLOAD_NOT_FOUND');
    return run;
  }

  #find(given: readonly Kind[]): Overload | undefined {
    return this.#overloads.find(
      ({ params }) =>
        params.length === given.length && params.every(({ name }, at) => kinds[name] === undefined || kinds[name] === given[at]),
    );
  }

  #text([first = '', ...rest]: readonly string[]): string {
    return this.#isMethod ? `${first}.(${rest.join(', ')})` : `(${[first, ...rest].join(', ')})`;
  }
}

/** Every function an expression may call. */
export class FunctionTable {
  readonly #functions = new Map<string, Functions>();

  constructor(definitions: readonly Definition[]) {
    for (const [signature, run] of definitions) this.#add(signature, run as Run);
  }

  find(name: string, isMethod: boolean): Functions | undefined {
    return this.#functions.get(keyOf(name, isMethod));
  }

  #add(signature: string, run: Run): void {
    const [, mixed, receiver, label = '', inner = '', result = ''] =
      /^(mixed )?(?:([\w(), ]+)\.)?([^\s(.]+)\((.*)\): ([\w(), ]+)$/.exec(signature) ?? [];
    const isMethod = receiver !== undefined && !namespaces.has(receiver);
    const name = receiver !== undefined && !isMethod ? `${receiver}.${label}` : label;
    const params = [...(isMethod ? [readType(receiver)] : []), ...readTypes(inner)];
    const key = keyOf(name, isMethod);
    const functions = this.#functions.get(key) ?? new Functions(name, isMethod);
    functions.add({ params, result: readType(result), isMixed: mixed !== undefined, run });
    this.#functions.set(key, functions);
  }
}

function keyOf(name: string, isMethod: boolean): string {
  return isMethod ? `.${name}` : name;
}
