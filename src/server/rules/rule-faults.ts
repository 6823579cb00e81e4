// Rules that could not be evaluated while a query was: what they were asked about is hidden, and sessions with the query are told.

import type { InstantAPIError } from '../../errors.ts';
import { cannotEvaluate, type Rule } from './rule.ts';

/** One rule may fail in many ways; a session hears of so many. */
const maxFaults = 20;

export class RuleFaults {
  #hasAnswers = false;
  readonly #errors = new Map<string, InstantAPIError>();

  /** By what failed and how. */
  get errors(): ReadonlyMap<string, InstantAPIError> {
    return this.#errors;
  }

  /** The first error, if no rule could be evaluated for any row. */
  get total(): InstantAPIError | undefined {
    if (this.#hasAnswers) return undefined;
    const [first] = this.#errors.values();
    return first;
  }

  /** A rule could be evaluated for a row. */
  answered(): void {
    this.#hasAnswers = true;
  }

  /** `place`: `etype`, or `etype.label` if the rule of a field failed. */
  failed(rule: Rule, place: string, error: unknown): void {
    if (this.#errors.size >= maxFaults) return;
    const key = `${place} ${error instanceof Error ? error.message : String(error)}`;
    if (!this.#errors.has(key)) this.#errors.set(key, cannotEvaluate(rule, error));
  }

  add(others: RuleFaults): void {
    this.#hasAnswers ||= others.#hasAnswers;
    for (const [key, error] of others.#errors) if (this.#errors.size < maxFaults) this.#errors.set(key, error);
  }
}
