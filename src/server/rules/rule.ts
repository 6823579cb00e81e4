// One rule, ready to be asked: an expression with what it binds, a fixed answer, or one that is built in.

import { InstantAPIError } from '../../errors.ts';
import { rejection } from '../errors.ts';
import { type Cel, type Expression, summaryOf } from './cel.ts';
import type { Fields } from './fields.ts';
import type { Names } from './names.ts';

export type Action = 'view' | 'create' | 'update' | 'delete' | 'link' | 'unlink';

export interface Variables {
  readonly data: Fields;
  readonly newData?: Fields;
  readonly linkedData?: Fields;
  readonly actions?: Fields;
  readonly auth: Fields;
  readonly ruleParams: Fields;
  readonly request: Fields;
  readonly rateLimit: Fields;
}

export interface Rule {
  readonly etype: string;
  readonly action: Action;
  /** With everything it binds. */
  readonly code: string;
  /** As it was written. */
  readonly displayCode: string;
  /** Of the expression and all that it binds. Empty: always the same answer. */
  readonly names: readonly Names[];
  /**
   * @throws InstantAPIError 'rate-limited'
   * @throws Error if it cannot be evaluated
   */
  readonly passes: (variables: Variables) => boolean;
  /** The value itself, for those who look for a mistake. */
  readonly value: (variables: Variables) => unknown;
  /** Why it cannot be compiled; then it never passes. */
  readonly fault?: unknown;
}

export function fixedRule(etype: string, action: Action, answer: boolean): Rule {
  const code = String(answer);
  return { etype, action, code, displayCode: code, names: [], passes: () => answer, value: () => answer };
}

export function brokenRule(etype: string, action: Action, code: string, fault: unknown): Rule {
  const fail = (): never => {
    throw fault;
  };
  return { etype, action, code, displayCode: code, names: [], passes: fail, value: fail, fault };
}

export function nativeRule(etype: string, action: Action, code: string, names: Names, decide: (given: Variables) => boolean): Rule {
  return { etype, action, code, displayCode: code, names: [names], passes: decide, value: decide };
}

export interface Bound {
  readonly name: string;
  readonly expression: Expression;
}

/** `binds`: those that are used, each before those that use it. */
export function celRule(cel: Cel, etype: string, action: Action, expression: Expression, binds: readonly Bound[]): Rule {
  const value = (variables: Variables): unknown => {
    let limit: InstantAPIError | undefined;
    const caught = (error: unknown): never => {
      if (error instanceof InstantAPIError) limit = error;
      throw error;
    };
    try {
      return cel.meter.run(() => expression.evaluate(withBinds(variables, binds, caught)));
    } catch (error) {
      throw limit ?? limitIn(error) ?? error;
    }
  };
  return {
    etype,
    action,
    code: binds.reduceRight((code, bind) => `cel.bind(${bind.name}, ${bind.expression.code}, ${code})`, expression.code),
    displayCode: expression.code,
    names: [expression.names, ...binds.map((bind) => bind.expression.names)],
    passes: (variables) => isPass(value(variables)),
    value,
  };
}

/** Null counts as no, anything else that is not false as yes. */
export function isPass(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false;
}

/** Each is evaluated when it is first asked for, and once. */
function withBinds(variables: Variables, binds: readonly Bound[], caught: (error: unknown) => never): object {
  if (binds.length === 0) return variables;
  const all: object = { ...variables };
  for (const { name, expression } of binds) {
    const get = (): unknown => {
      try {
        const value = expression.evaluate(all);
        Object.defineProperty(all, name, { value });
        return value;
      } catch (error) {
        return caught(error);
      }
    };
    Object.defineProperty(all, name, { get, configurable: true });
  }
  return all;
}

function limitIn(error: unknown): InstantAPIError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof InstantAPIError) return cause;
  return undefined;
}

export function cannotEvaluate({ etype, action }: Pick<Rule, 'etype' | 'action'>, error: unknown): InstantAPIError {
  if (error instanceof InstantAPIError) return error;
  return rejection('permission-evaluation-failed', `Could not evaluate the permission rule '${etype}.${action}'`, {
    rule: [etype, action],
    error: { type: 'evaluation-error', message: summaryOf(error), hint: null },
  });
}
