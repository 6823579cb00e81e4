// Rules that failed during the evaluation of a query: affected rows are hidden, and sessions with the query are notified.

import type { InstantAPIError } from '../../errors.ts';
import { cannotEvaluate, type Rule } from './rule.ts';

/** Maximum number of failures reported per session. */
const maxFaults = 20;

export class RuleFaults {
  #hasAnswers = false;
  readonly #errors = new Map<string, InstantAPIError>();

  /** By rule and kind of failure. */
  get errors(): ReadonlyMap<string, InstantAPIError> {
    return this.#errors;
  }

  /** The first error, if no rule could be evaluated for any row. */
  get total(): InstantAPIError | undefined {
    if (this.#hasAnswers) return undefined;
    const [first] = this.#errors.values();
    return first;
  }

  /** Call when a rule was evaluated successfully for a row. */
  answered(): void {
    this.#hasAnswers = true;
  }

  /** `place`: `etype`, or `etype.label` for the rule of a field. */
  failed(rule: Rule, place: string, error: unknown): void {
    if (this.#errors.size >= maxFaults) return;
    const key = `${place} ${error instanceof Error ? error.message : String(error)}`;
    if (!this.#errors.has(key)) this.#errors.set(key, cannotEvaluate(rule, error, place));
  }

  add(others: RuleFaults): void {
    this.#hasAnswers ||= others.#hasAnswers;
    for (const [key, error] of others.#errors) if (this.#errors.size < maxFaults) this.#errors.set(key, error);
  }
}
