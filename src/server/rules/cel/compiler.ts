// Compiles an expression to a function: each node of its tree becomes a closure, and types are checked on the way.

import type { CostLimit } from '../cost-limit.ts';
import { bindingOf, constantOf, type Expr, identOf, macroOf, pathOf } from './expression.ts';
import { compileMacro } from './macros.ts';
import { decided, fieldOf, hasField, type Node, type Run } from './node.ts';
import { indexed, isIn } from './operators.ts';
import type { Functions, FunctionTable } from './overloads.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';
import { equals, EvaluationError, MapLiteral, TypeValue, Uint } from './values.ts';

/** What a name refers to, outside macros. Undefined: unknown. @throws Error if it cannot be compiled */
export type Resolve = (name: string) => Node | undefined;

export interface CompileOptions {
  readonly functions: FunctionTable;
  readonly resolve: Resolve;
  readonly limit: CostLimit;
  /** Fields of values that are not maps, such as `request`. */
  readonly fields?: Readonly<Record<string, Readonly<Record<string, Type>>>>;
  /** Missing: nothing is known before evaluation. */
  readonly isTyped?: boolean;
  /** Called for each node that throws during evaluation, innermost first. */
  readonly onError?: (error: unknown, expr: Expr) => void;
}

/** Maximum nesting. Closures call each other, so deeper trees could overflow the stack. */
const deepest = 2000;

export class Compiler {
  readonly limit: CostLimit;
  readonly #options: CompileOptions;
  readonly #scope: { readonly name: string; readonly type: Type }[] = [];
  #depth = 0;
  #nodes = 0;
  #deepestLocal = 0;

  constructor(options: CompileOptions) {
    this.#options = options;
    this.limit = options.limit;
  }

  /** Maximum number of macro variables in scope at once. */
  get locals(): number {
    return this.#deepestLocal;
  }

  /** Number of nodes compiled so far. */
  get nodes(): number {
    return this.#nodes;
  }

  /** @throws Error for a fault that is visible before evaluation */
  compile(expr: Expr): Node {
    if (++this.#depth > deepest) throw new Error('the expression is nested too deeply');
    this.#nodes++;
    const node = this.#observed(this.#compile(expr), expr);
    this.#depth--;
    return this.#options.isTyped === false ? { ...node, type: types.dyn } : node;
  }

  #observed(node: Node, expr: Expr): Node {
    const { onError } = this.#options;
    if (!onError) return node;
    const run: Run = (given, locals) => {
      try {
        return node.run(given, locals);
      } catch (error) {
        onError(error, expr);
        throw error;
      }
    };
    return { ...node, run };
  }

  /** The result type of a function for these argument types. */
  check(name: string, given: readonly Type[], isMethod = false): Type {
    return this.#function(name, isMethod).check(given);
  }

  /** Compiles an expression with one more variable in scope. */
  within<T>(name: string, type: Type, inner: (local: number) => T): T {
    const local = this.#scope.push({ name, type }) - 1;
    this.#deepestLocal = Math.max(this.#deepestLocal, local + 1);
    const made = inner(local);
    this.#scope.pop();
    return made;
  }

  #compile(expr: Expr): Node {
    const { exprKind } = expr;
    switch (exprKind.case) {
      case 'constExpr': {
        const { type, value } = constantOf(exprKind.value);
        return constant(types.readType(type), type === 'uint' ? new Uint(value as bigint) : value);
      }
      case 'identExpr':
        return this.#name(exprKind.value.name) ?? unknownName(exprKind.value.name);
      case 'selectExpr':
        return this.#select(expr, exprKind.value.operand, exprKind.value.field, exprKind.value.testOnly);
      case 'callExpr':
        return this.#call(expr, exprKind.value.function, exprKind.value.target, exprKind.value.args);
      case 'listExpr':
        return this.#list(exprKind.value.elements.map((each) => this.compile(each)));
      case 'structExpr':
        if (exprKind.value.messageName !== '') throw new Error(`there is no type '${exprKind.value.messageName}' to make values of`);
        return this.#map(exprKind.value.entries.map(({ keyKind, value }) => this.#entry(keyKind.value, value)));
      case 'comprehensionExpr':
        return compileMacro(macroOf(exprKind.value), this);
      default:
        throw new Error('the expression is empty');
    }
  }

  #name(name: string): Node | undefined {
    for (let at = this.#scope.length - 1; at >= 0; at--) {
      const local = this.#scope[at];
      if (local?.name === name) return { type: local.type, run: (_, locals) => locals[at] };
    }
    const known = this.#options.resolve(name);
    const type = Object.hasOwn(typeValues, name) ? typeValues[name] : undefined;
    return known ?? (type && constant(types.typeOf(types.dyn), type));
  }

  #select(expr: Expr, operand: Expr | undefined, field: string, isTest: boolean): Node {
    const path = pathOf(expr);
    const isType = path !== undefined && Object.hasOwn(typeValues, path) && !this.#name(path.split('.')[0] ?? '');
    if (isType) return constant(types.typeOf(types.dyn), typeValues[path]);
    if (!operand) throw new Error(`'${field}' of nothing`);
    const { type, run } = this.compile(operand);
    const result = this.#fieldType(type, field);
    if (isTest) return { type: types.bool, run: (given, locals) => hasField(run(given, locals), field) };
    return { type: result, run: (given, locals) => fieldOf(run(given, locals), field) };
  }

  #fieldType(type: Type, field: string): Type {
    if (type.name === 'dyn') return types.dyn;
    if (type.name === 'map') return type.of[1] ?? types.dyn;
    const fields = this.#options.fields?.[type.name];
    const known = fields && Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (!known) throw new Error(`${fields ? type.name : `a value of type ${types.typeText(type)}`} has no '${field}'`);
    return known;
  }

  #call(expr: Expr, name: string, target: Expr | undefined, args: readonly Expr[]): Node {
    const binding = bindingOf(expr);
    if (binding) return this.#bind(binding.name, this.compile(binding.value), binding.body);
    const namespaced = this.#namespaced(name, target);
    if (namespaced) return this.#apply(namespaced, args);
    if (target) return this.#apply(this.#function(name, true), [target, ...args]);
    const [a, b, c] = args;
    if (name === '_||_' || name === '_&&_') return this.#logical(name, this.#given(a), this.#given(b));
    if (name === '_?_:_') return this.#conditional(this.#given(a), this.#given(b), this.#given(c));
    const special = specialRun(name, this.limit);
    if (!special) return this.#apply(this.#function(name, false), args);
    const [left, right] = [this.#given(a), this.#given(b)];
    return {
      type: this.check(name, [left.type, right.type]),
      run: (given, locals) => special(left.run(given, locals), right.run(given, locals)),
    };
  }

  #given(expr: Expr | undefined): Node {
    if (!expr) throw new Error('an operand is missing');
    return this.compile(expr);
  }

  #namespaced(name: string, target: Expr | undefined): Functions | undefined {
    const space = identOf(target);
    return space === undefined || this.#name(space) ? undefined : this.#options.functions.find(`${space}.${name}`, false);
  }

  #function(name: string, isMethod: boolean): Functions {
    const found = this.#options.functions.find(name, isMethod);
    if (!found) throw new Error(`there is no ${isMethod ? 'method' : 'function'} '${name}'`);
    return found;
  }

  #apply(functions: Functions, args: readonly Expr[]): Node {
    const nodes = args.map((each) => this.compile(each));
    const type = functions.check(nodes.map((node) => node.type));
    const { limit } = this;
    const [a, b] = nodes.map(({ run }) => run);
    if (nodes.length === 1 && a) return { type, run: (given, locals) => limit.made(functions.call1(limit.read(a(given, locals)))) };
    if (nodes.length === 2 && a && b)
      return { type, run: (given, locals) => limit.made(functions.call2(limit.read(a(given, locals)), limit.read(b(given, locals)))) };
    return { type, run: (given, locals) => limit.made(functions.call(nodes.map(({ run }) => limit.read(run(given, locals))))) };
  }

  #bind(name: string, value: Node, body: Expr): Node {
    return this.within(name, value.type, (local) => {
      const { type, run } = this.compile(body);
      return {
        type,
        run: (given, locals) => {
          locals[local] = value.run(given, locals);
          return run(given, locals);
        },
      };
    });
  }

  #logical(name: '_||_' | '_&&_', left: Node, right: Node): Node {
    const type = this.check(name, [left.type, right.type]);
    const decisive = name === '_||_';
    return { type, run: (given, locals) => decided(decisive, left.run, right.run, given, locals) };
  }

  #conditional(test: Node, yes: Node, no: Node): Node {
    const type = this.check('_?_:_', [test.type, yes.type, no.type]);
    const run: Run = (given, locals) => {
      const value = test.run(given, locals);
      if (value === true) return yes.run(given, locals);
      if (value === false) return no.run(given, locals);
      throw new EvaluationError('the condition is neither true nor false');
    };
    return { type, run };
  }

  #list(nodes: readonly Node[]): Node {
    const element = nodes.reduce<Type | undefined>((known, { type }) => types.joined(known, type), undefined);
    const { limit } = this;
    return { type: types.listOf(element ?? types.dyn), run: (given, locals) => limit.made(nodes.map(({ run }) => run(given, locals))) };
  }

  #entry(key: Expr | string | undefined, value: Expr | undefined): { readonly key: Node; readonly value: Node } {
    if (typeof key !== 'object') throw new Error('a map has keys');
    return { key: this.compile(key), value: this.#given(value) };
  }

  #map(entries: readonly { readonly key: Node; readonly value: Node }[]): Node {
    let [keys, values]: [Type | undefined, Type | undefined] = [undefined, undefined];
    for (const { key, value } of entries) [keys, values] = [types.joined(keys, key.type), types.joined(values, value.type)];
    const run: Run = (given, locals) => {
      const map = new MapLiteral();
      for (const { key, value } of entries) map.add(key.run(given, locals), value.run(given, locals));
      return map;
    };
    return { type: types.mapOf(keys ?? types.dyn, values ?? types.dyn), run };
  }
}

const typeValues: Readonly<Record<string, TypeValue>> = Object.fromEntries(
  [
    ...['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type'],
    ...['google.protobuf.Timestamp', 'google.protobuf.Duration'],
  ].map((name) => [name, new TypeValue(name)]),
);

function constant(type: Type, value: unknown): Node {
  return { type, run: () => value };
}

function unknownName(name: string): never {
  throw new Error(`there is no '${name}'`);
}

function specialRun(name: string, limit: CostLimit): ((a: unknown, b: unknown) => unknown) | undefined {
  const { step } = limit;
  switch (name) {
    case '_==_':
      return (a, b) => equals(a, b, step);
    case '_!=_':
      return (a, b) => !equals(a, b, step);
    case '@in':
      return (a, b) => isIn(a, b, step);
    case '_[_]':
      return indexed;
    default:
      return undefined;
  }
}
