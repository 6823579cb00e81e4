// Names used by an expression, read from its tree: variables, their fields, paths of `ref`, and patterns.

import { bindingOf, type Expr, identOf, literalOf, macroOf } from './cel/expression.ts';

export interface Ref {
  /** The variable whose `ref` is called; undefined if it cannot be determined. */
  readonly on: string | undefined;
  /** Undefined if the path is computed. */
  readonly path: string | undefined;
}

export interface Names {
  /** `auth.id` → `auth` → `id`. A variable used in any other way has `*`. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
  readonly refs: readonly Ref[];
  /** `rateLimit.name.limit(key)` → `name` */
  readonly limits: readonly string[];
  /** Literal patterns of `matches`. */
  readonly patterns: readonly string[];
}

export function namesIn(expr: Expr): Names {
  const walk = new Walk();
  walk.visit(expr);
  return walk;
}

class Walk implements Names {
  readonly fields = new Map<string, Set<string>>();
  readonly refs: Ref[] = [];
  readonly limits: string[] = [];
  readonly patterns: string[] = [];
  /** Macro variables, which are not variables of the rule. */
  readonly #locals: string[] = [];

  visit(expr: Expr | undefined): void {
    if (!expr) return;
    const { exprKind } = expr;
    switch (exprKind.case) {
      case 'identExpr':
        return this.#note(exprKind.value.name, '*');
      case 'selectExpr':
        return this.#select(exprKind.value.operand, exprKind.value.field);
      case 'callExpr':
        return this.#call(expr, exprKind.value.function, exprKind.value.target, exprKind.value.args);
      case 'listExpr':
        return exprKind.value.elements.forEach((each) => this.visit(each));
      case 'structExpr':
        for (const { keyKind, value } of exprKind.value.entries) {
          if (keyKind.case === 'mapKey') this.visit(keyKind.value);
          this.visit(value);
        }
        return;
      case 'comprehensionExpr': {
        const { variable, range, test, element } = macroOf(exprKind.value);
        this.visit(range);
        return this.#within(variable, [test, element]);
      }
      default:
        return;
    }
  }

  #select(operand: Expr | undefined, field: string): void {
    const variable = identOf(operand);
    if (variable === undefined) this.visit(operand);
    else this.#note(variable, field);
  }

  #call(expr: Expr, name: string, target: Expr | undefined, args: readonly Expr[]): void {
    const binding = bindingOf(expr);
    if (binding) {
      this.visit(binding.value);
      return this.#within(binding.name, [binding.body]);
    }
    const variable = identOf(target);
    const [first] = args;
    const index = name === '_[_]' ? literalOf(args[1]) : undefined;
    if (index !== undefined) return this.#select(first, index);
    if (name === 'limit') this.#limit(target);
    if (name === 'matches') this.#pattern(literalOf(target ? first : args[1]));
    if (name === 'ref' && target) {
      this.refs.push({ on: variable !== undefined && !this.#isLocal(variable) ? variable : undefined, path: literalOf(first) });
      if (variable !== undefined) this.#note(variable, 'ref()');
      else this.visit(target);
    } else this.visit(target);
    for (const each of args) this.visit(each);
  }

  /** `rateLimit.name`, or `rateLimit['name']` */
  #limit(bucket: Expr | undefined): void {
    const { exprKind } = bucket ?? {};
    const [from, name] =
      exprKind?.case === 'selectExpr'
        ? [exprKind.value.operand, exprKind.value.field]
        : exprKind?.case === 'callExpr'
          ? [exprKind.value.args[0], literalOf(exprKind.value.args[1])]
          : [];
    if (identOf(from) === 'rateLimit' && name !== undefined) this.limits.push(name);
  }

  #pattern(pattern: string | undefined): void {
    if (pattern !== undefined) this.patterns.push(pattern);
  }

  #within(variable: string, inner: readonly (Expr | undefined)[]): void {
    this.#locals.push(variable);
    for (const each of inner) this.visit(each);
    this.#locals.pop();
  }

  #isLocal(name: string): boolean {
    return this.#locals.includes(name);
  }

  #note(variable: string, field: string): void {
    if (this.#isLocal(variable)) return;
    const known = this.fields.get(variable) ?? new Set<string>();
    this.fields.set(variable, known.add(field));
  }
}
