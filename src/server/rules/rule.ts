// One compiled rule: an expression with its bindings, a constant, or a built-in one.

import { InstantAPIError } from '../../errors.ts';
import { invalid, rejection } from '../errors.ts';
import { type Expression, summaryOf } from './cel.ts';
import type { Fields, RequestValue } from './fields.ts';
import type { Names } from './names.ts';
import { EvaluationError, type MapValue } from './cel/values.ts';

export type Action = 'view' | 'create' | 'update' | 'delete' | 'link' | 'unlink';

export interface Variables {
  readonly data: Fields;
  readonly newData?: Fields;
  readonly linkedData?: Fields | null;
  readonly actions?: Fields;
  readonly auth: Fields;
  readonly ruleParams: Fields;
  readonly request: RequestValue;
  readonly rateLimit: MapValue;
}

export interface Rule {
  readonly etype: string;
  readonly action: Action;
  /** With all its bindings. */
  readonly code: string;
  /** As written: a text, or true or false. */
  readonly displayCode: string | boolean;
  /** Of the expression and its bindings. Empty: the result is constant. */
  readonly names: readonly Names[];
  /**
   * @throws InstantAPIError 'rate-limited'
   * @throws Error if the rule cannot be evaluated
   */
  readonly passes: (variables: Variables) => boolean;
  /** The value itself, for debugging. */
  readonly value: (variables: Variables) => unknown;
  /** Where in its text evaluation failed. */
  readonly locate?: (variables: Variables) => string | undefined;
  /** Why it cannot be compiled; such a rule never passes. */
  readonly fault?: unknown;
}

/** `displayCode`: the text as written. */
export function fixedRule(etype: string, action: Action, answer: boolean, displayCode: string | boolean = String(answer)): Rule {
  return { etype, action, code: String(answer), displayCode, names: [], passes: () => answer, value: () => answer };
}

/** A rule that cannot be compiled: it fails on use. */
export function brokenRule(etype: string, action: Action, code: string, fault: unknown): Rule {
  const message = summaryOf(fault);
  const fail = (): never => {
    throw new Error(message, { cause: invalid('permission', code, [{ in: [etype, action], message }]) });
  };
  return { etype, action, code, displayCode: code, names: [], passes: fail, value: fail, fault };
}

export function nativeRule(etype: string, action: Action, code: string, names: Names, decide: (given: Variables) => boolean): Rule {
  return { etype, action, code, displayCode: code, names: [names], passes: decide, value: decide };
}

export function celRule(etype: string, action: Action, displayCode: string, { code, names, evaluate, locate }: Expression): Rule {
  const passes = (variables: Variables): boolean => isPass(evaluate(variables));
  return { etype, action, code, displayCode, names, passes, value: evaluate, locate };
}

/** Null counts as false, anything else but false as true. */
export function isPass(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false;
}

/** `place`: `etype`, or `etype.label` for the rule of a field. */
export function cannotEvaluate({ etype, action }: Pick<Rule, 'etype' | 'action'>, error: unknown, place = etype): InstantAPIError {
  if (error instanceof InstantAPIError) return error;
  if (error instanceof Error && error.cause instanceof InstantAPIError) return error.cause;
  const message = summaryOf(error);
  return rejection(
    'permission-evaluation-failed',
    `Could not evaluate the permission rule '${etype}.${action}'${place === etype ? '' : ` for '${place}'`}`,
    {
      rule: [etype, action],
      error: { type: error instanceof EvaluationError ? error.code : 'INTERNAL_ERROR', message, hint: message },
    },
  );
}
