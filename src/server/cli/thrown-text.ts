// What a project's file threw, as text: `throw { code: 1 }` and errors of another realm have no form of their own.

import { inspect } from 'node:util';
import { isObject } from '../../lib/json.ts';

/** The message of an error; anything else as Node prints it. Never throws. */
export function thrownText(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message;
    if (typeof thrown === 'string') return thrown;
    const isErrorLike = isObject(thrown) && typeof thrown.message === 'string' && typeof thrown.stack === 'string';
    return isErrorLike ? String(thrown.message) : `threw ${inspect(thrown, { depth: 2, breakLength: Infinity })}, which is not an Error`;
  } catch {
    return 'threw what cannot be shown';
  }
}
