// Cost limit of rules: a budget of steps and of result sizes, so that no expression blocks the server. Expressions always terminate; what
// multiplies is counted: loop iterations, compared elements, and the size of what is read and created.

import { spend } from '../../query/pass.ts';

/** For one rule with everything it binds. */
const mostSteps = 100_000;
/** How many steps of a rule cost a query as much as visiting an entity. */
const stepsPerWork = 4;
/** Characters of a text, or elements of a list. */
const mostSize = 1_000_000;
/** Characters or elements that a function may read per step. */
const readPerStep = 100;

export class CostLimit {
  #left = 0;
  #depth = 0;

  /** @throws Error if the budget is exceeded, even if the expression caught the failure */
  run<T>(evaluate: () => T): T {
    if (this.#depth === 0) this.#left = mostSteps;
    this.#depth++;
    try {
      return evaluate();
    } finally {
      this.#depth--;
      if (this.#depth === 0) spend(Math.floor((mostSteps - this.#left) / stepsPerWork));
      if (this.#left < 0) this.#stop();
    }
  }

  readonly step = (): void => {
    this.spend(1);
  };

  /** Charges a number of steps known in advance. There is no budget while nothing runs. */
  spend(steps: number): void {
    if (this.#depth === 0) return;
    this.#left -= steps;
    if (this.#left < 0) this.#stop();
  }

  /** Charges for the arguments of a function. */
  read<T>(value: T): T {
    if (typeof value === 'string' || Array.isArray(value)) this.spend(1 + Math.floor(value.length / readPerStep));
    return value;
  }

  /** Charges for the result of a function or a literal. */
  made<T>(value: T): T {
    const isLarge = (typeof value === 'string' || Array.isArray(value)) && value.length > mostSize;
    if (isLarge) {
      this.#left = -1;
      this.#stop();
    }
    return value;
  }

  #stop(): never {
    throw new Error('the rule costs too much to evaluate');
  }
}
