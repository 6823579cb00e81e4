// The parser's tree, reduced to the few shapes the compiler distinguishes. The parser is `@bufbuild/cel`'s, which expands macros to loops;
// they are recognised here and become single operations again.

import type { Constant, Expr, Expr_Comprehension } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';

export type { Expr };

export interface Parsed {
  readonly expr: Expr;
  /** Node → its offset in the text. */
  readonly sourceInfo?: { readonly positions: Readonly<Record<string, number>> } | undefined;
}

export type Parse = (text: string) => Parsed;

/** The variable's name; undefined for any other expression. */
export function identOf(expr: Expr | undefined): string | undefined {
  return expr?.exprKind.case === 'identExpr' ? expr.exprKind.value.name : undefined;
}

/** The text of a string literal. */
export function literalOf(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== 'constExpr') return undefined;
  const { constantKind } = expr.exprKind.value;
  return constantKind.case === 'stringValue' ? constantKind.value : undefined;
}

/** `a.b.c` */
export function pathOf(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== 'selectExpr' || expr.exprKind.value.testOnly) return identOf(expr);
  const start = pathOf(expr.exprKind.value.operand);
  return start === undefined ? undefined : `${start}.${expr.exprKind.value.field}`;
}

/** `cel.bind(name, value, body)` */
export interface Binding {
  readonly name: string;
  readonly value: Expr;
  readonly body: Expr;
}

export function bindingOf(expr: Expr): Binding | undefined {
  if (expr.exprKind.case !== 'callExpr') return undefined;
  const { function: called, target, args } = expr.exprKind.value;
  const [variable, value, body] = args;
  const name = identOf(variable);
  return called === 'bind' && identOf(target) === 'cel' && args.length === 3 && name !== undefined && value && body
    ? { name, value, body }
    : undefined;
}

export interface Macro {
  readonly kind: 'all' | 'exists' | 'exists_one' | 'list';
  readonly variable: string;
  readonly range: Expr;
  readonly test?: Expr;
  /** For a list: the result per element. */
  readonly element?: Expr;
}

/** @throws Error for a loop that does not come from a macro */
export function macroOf({ iterVar: variable, iterRange: range, accuInit, loopStep }: Expr_Comprehension): Macro {
  const step = loopStep?.exprKind.case === 'callExpr' ? loopStep.exprKind.value : undefined;
  if (!range || !accuInit || !step) throw new Error('a loop without its parts');
  const about = { variable, range };
  if (step.function === '_&&_') return { ...about, kind: 'all', ...given('test', step.args[1]) };
  if (step.function === '_||_') return { ...about, kind: 'exists', ...given('test', step.args[1]) };
  const isTested = step.function === '_?_:_';
  const test = isTested ? given('test', step.args[0]) : {};
  if (accuInit.exprKind.case === 'constExpr') return { ...about, kind: 'exists_one', ...test };
  return { ...about, kind: 'list', ...test, ...given('element', addedBy(isTested ? step.args[1] : loopStep)) };
}

const given = <K extends string>(key: K, expr: Expr | undefined): Partial<Record<K, Expr>> =>
  expr ? ({ [key]: expr } as Record<K, Expr>) : {};

/** `list + [element]` → element */
function addedBy(expr: Expr | undefined): Expr | undefined {
  const list = expr?.exprKind.case === 'callExpr' ? expr.exprKind.value.args[1] : undefined;
  return list?.exprKind.case === 'listExpr' ? list.exprKind.value.elements[0] : undefined;
}

export function constantOf({ constantKind }: Constant): { readonly type: string; readonly value: unknown } {
  switch (constantKind.case) {
    case 'int64Value':
      return { type: 'int', value: inRange(constantKind.value, BigInt.asIntN(64, constantKind.value)) };
    case 'uint64Value':
      return { type: 'uint', value: inRange(constantKind.value, BigInt.asUintN(64, constantKind.value)) };
    case 'doubleValue':
      return { type: 'double', value: constantKind.value };
    case 'stringValue':
      return { type: 'string', value: constantKind.value };
    case 'bytesValue':
      return { type: 'bytes', value: constantKind.value };
    case 'boolValue':
      return { type: 'bool', value: constantKind.value };
    case 'nullValue':
      return { type: 'null', value: null };
    default:
      throw new Error('a literal of an unknown type');
  }
}

function inRange(value: bigint, kept: bigint): bigint {
  if (value !== kept) throw new Error(`${value} has more than 64 bits`);
  return value;
}
