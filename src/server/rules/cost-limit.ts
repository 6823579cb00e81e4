// What a rule may cost: a budget of steps, and of the size of what it makes, so that no expression keeps the server busy.
// The library has no such thing; every node of an expression is put under the meter once it has been checked.

/** Evaluated nodes, over one rule with all that it binds. */
const mostSteps = 100_000;
/** Characters of a text, elements of a list. */
const mostSize = 1_000_000;

export class Meter {
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
      if (this.#left < 0) this.#stop();
    }
  }

  step(): void {
    this.spend(1);
  }

  /** Steps that are known before they are made. While nothing runs there is no budget, and nothing to stop. */
  spend(steps: number): void {
    if (this.#depth === 0) return;
    this.#left -= steps;
    if (this.#left < 0) this.#stop();
  }

  made(value: unknown): void {
    const isLarge = (typeof value === 'string' || Array.isArray(value)) && value.length > mostSize;
    if (!isLarge) return;
    this.#left = -1;
    this.#stop();
  }

  #stop(): never {
    throw new Error('the rule costs too much to evaluate');
  }
}

type Evaluate = (this: unknown, ...given: unknown[]) => unknown;

/** Puts all nodes of an expression under the meter. They take the place of their `evaluate` when they first run. */
export function meterNodes(root: unknown, meter: Meter): void {
  eachNode(root, (part) => {
    if ('op' in part && 'evaluate' in part && typeof part.evaluate === 'function') wrap(part, part.evaluate as Evaluate, meter);
  });
}

/** Every node once, those among them that a macro made. */
export function eachNode(root: unknown, tell: (node: object) => void): void {
  const seen = new Set<object>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || seen.has(part)) return;
    seen.add(part);
    if (Array.isArray(part)) return part.forEach(visit);
    tell(part);
    if ('meta' in part && typeof part.meta === 'object' && part.meta !== null) {
      if ('alternate' in part.meta) visit(part.meta.alternate);
      if ('macro' in part.meta) visit(part.meta.macro);
    }
    // Arguments, and what a macro made of them; not the environment they are evaluated in.
    for (const name of ['args', 'iterable', 'init', 'step', 'val', 'exp', 'ast', 'callAst'] as const) {
      if (name in part) visit((part as Record<string, unknown>)[name]);
    }
  };
  visit(root);
}

function wrap(node: object, evaluate: Evaluate, meter: Meter): void {
  let inner = evaluate;
  const outer: Evaluate = function (...given) {
    meter.step();
    const value = inner.apply(this, given);
    meter.made(value);
    return value;
  };
  Object.defineProperty(node, 'evaluate', { get: () => outer, set: (next: Evaluate) => (inner = next), configurable: true });
}
