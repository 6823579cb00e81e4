// Compiled nodes, and how fields and the operands of `||` and `&&` are read, which follow rules of their own.

import { selected } from './operators.ts';
import type { Type } from './types.ts';
import { EvaluationError, MapValue } from './values.ts';

/** The variables of one evaluation. */
export interface Frame {
  readonly variables: object;
  /** Bound expressions that are evaluated already. */
  readonly bound: unknown[];
}

/** `locals`: variables of macros and of `cel.bind`, by depth. */
export type Run = (given: Frame, locals: unknown[]) => unknown;

export interface Node {
  readonly type: Type;
  readonly run: Run;
}

/** Values other than maps may have fields, except those the language handles itself. */
export interface WithFields {
  readonly field: (name: string) => unknown;
  readonly hasField: (name: string) => boolean;
}

const isWithFields = (value: unknown): value is WithFields => typeof value === 'object' && value !== null && 'hasField' in value;

export function fieldOf(value: unknown, name: string): unknown {
  return isWithFields(value) ? value.field(name) : selected(value, name);
}

export function hasField(value: unknown, name: string): boolean {
  if (isWithFields(value)) return value.hasField(name);
  if (!(value instanceof MapValue)) throw new EvaluationError(`'${name}' is no field: only maps have fields`, 'ATTRIBUTE_NOT_FOUND');
  return value.has(name);
}

/**
 * `||`, and `&&` with the roles exchanged: one `decisive` operand decides even if the other cannot be evaluated. Null counts as false, so
 * that an unset field can be tested; nothing else does. If both operands fail, the first error is reported.
 */
export function decided(decisive: boolean, left: Run, right: Run, given: Frame, locals: unknown[]): boolean {
  let value: unknown;
  let failed: EvaluationError | undefined;
  try {
    value = left(given, locals);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    failed = error;
  }
  if (!failed) return operand(value) === decisive ? decisive : operand(right(given, locals));
  if (isDecided(decisive, right, given, locals)) return decisive;
  throw failed;
}

function isDecided(decisive: boolean, run: Run, given: Frame, locals: unknown[]): boolean {
  try {
    return operand(run(given, locals)) === decisive;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}

/** @throws EvaluationError if the value is neither true nor false */
export function operand(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (value === null) return false;
  throw new EvaluationError('an operand is neither true nor false');
}
