// What a rule may cost: a budget of steps, and of the size of what it makes, so that no expression keeps the server busy. An
// expression by itself ends soon; what multiplies is counted: each turn of a loop, each element that is compared, what is read and made.

import { spend } from '../../query/pass.ts';

/** Over one rule with all that it binds. */
const mostSteps = 100_000;
/** Of the steps of a rule, how many cost a query as much as looking at an entity. */
const stepsPerWork = 4;
/** Characters of a text, elements of a list. */
const mostSize = 1_000_000;
/** Characters or elements that a function may read for one step. */
const readPerStep = 100;

export class CostLimit {
  #left = 0;
  #depth = 0;

  /** @throws Error if it costs too much, even if what was run made nothing of it */
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

  /** Steps that are known before they are made. While nothing runs there is no budget, and nothing to stop. */
  spend(steps: number): void {
    if (this.#depth === 0) return;
    this.#left -= steps;
    if (this.#left < 0) this.#stop();
  }

  /** What a function is given. */
  read<T>(value: T): T {
    if (typeof value === 'string' || Array.isArray(value)) this.spend(1 + Math.floor(value.length / readPerStep));
    return value;
  }

  /** What a function or a literal makes. */
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
