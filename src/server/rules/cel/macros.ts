// `all`, `exists`, `exists_one`, `map` and `filter`: over the elements of a list, or the keys of a map.

import type { CostLimit } from '../cost-limit.ts';
import type { Expr, Macro } from './expression.ts';
import { type Frame, type Node, operand, type Run } from './node.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';
import { EvaluationError, isList, MapValue } from './values.ts';

/** Compiles the parts of a macro. */
export interface MacroCompiler {
  readonly limit: CostLimit;
  /** Number of nodes compiled so far. */
  readonly nodes: number;
  readonly compile: (expr: Expr) => Node;
  /** The result type of a function for these argument types. @throws Error if no function matches */
  readonly check: (name: string, given: readonly Type[]) => Type;
  /** Compiles an expression with one more variable in scope. */
  readonly within: <T>(name: string, type: Type, inner: (local: number) => T) => T;
}

export function compileMacro({ kind, variable, range, test, element }: Macro, compiler: MacroCompiler): Node {
  const over = compiler.compile(range);
  return compiler.within(variable, elementOf(over.type), (local) => {
    const before = compiler.nodes;
    const tested = test && compiler.compile(test);
    const held = element && compiler.compile(element);
    const cost = compiler.nodes - before;
    const loop: Loop = { items: itemsOf(over.run), local, step: () => compiler.limit.spend(cost) };
    if (kind === 'list') return listNode(loop, tested, held, compiler);
    if (!tested) throw new Error('a macro without its test');
    if (kind === 'exists_one') {
      compiler.check('_?_:_', [tested.type, types.int, types.int]);
      return { type: types.bool, run: existsOne(loop, tested.run) };
    }
    compiler.check(kind === 'all' ? '_&&_' : '_||_', [types.bool, tested.type]);
    return { type: types.bool, run: decided(loop, tested.run, kind === 'exists') };
  });
}

interface Loop {
  readonly items: (given: Frame, locals: unknown[]) => readonly unknown[];
  readonly local: number;
  readonly step: () => void;
}

function elementOf(type: Type): Type {
  if (type.name === 'dyn') return types.dyn;
  if (type.name === 'list' || type.name === 'map') return type.of[0] ?? types.dyn;
  throw new Error(`a value of type ${types.typeText(type)} has no elements`);
}

function itemsOf(run: Run): Loop['items'] {
  return (given, locals) => {
    const value = run(given, locals);
    if (isList(value)) return value;
    if (value instanceof MapValue) return value.keys();
    throw new EvaluationError('only lists and maps have elements');
  };
}

/** An element for which the test fails to evaluate matters only if no other element decides. */
function decided({ items, local, step }: Loop, test: Run, decisive: boolean): Run {
  return (given, locals) => {
    let failed: EvaluationError | undefined;
    for (const item of items(given, locals)) {
      step();
      locals[local] = item;
      try {
        if (operand(test(given, locals)) === decisive) return decisive;
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        failed ??= error;
      }
    }
    if (failed) throw failed;
    return !decisive;
  };
}

function existsOne({ items, local, step }: Loop, test: Run): Run {
  return (given, locals) => {
    let count = 0;
    for (const item of items(given, locals)) {
      step();
      locals[local] = item;
      if (passes(test(given, locals))) count++;
    }
    return count === 1;
  };
}

function listNode({ items, local, step }: Loop, test: Node | undefined, element: Node | undefined, compiler: MacroCompiler): Node {
  if (!element) throw new Error('a macro without what it makes');
  const type = types.listOf(element.type);
  if (test) compiler.check('_?_:_', [test.type, type, type]);
  const run: Run = (given, locals) => {
    const made: unknown[] = [];
    for (const item of items(given, locals)) {
      step();
      locals[local] = item;
      if (!test || passes(test.run(given, locals))) made.push(element.run(given, locals));
    }
    return made;
  };
  return { type, run };
}

function passes(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new EvaluationError('the test is neither true nor false');
  return value;
}
