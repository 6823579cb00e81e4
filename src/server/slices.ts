// Long work in slices: between two of them the process serves others.

/** Resolves when the process has served what came in meanwhile. */
export function othersServed(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs steps that yield where others can be served. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await othersServed();
  }
}

/** Runs steps one after the other: immediately up to their first break if no others are under way. */
export class StepsQueue {
  readonly #failed: (error: unknown) => void;
  readonly #waiting: Generator<void, void>[] = [];

  /** `failed`: the exception of steps that end with one. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  add(steps: Generator<void, void>): void {
    if (this.#waiting.push(steps) === 1) this.#advance(steps);
  }

  #advance(steps: Generator<void, void>): void {
    let isDone: boolean | undefined = true;
    try {
      isDone = steps.next().done;
    } catch (error) {
      this.#failed(error);
    }
    if (isDone) this.#waiting.shift();
    const [next] = this.#waiting;
    if (next) void othersServed().then(() => this.#advance(next));
  }
}

/** Of triples, changes and the like: how many are handled between two breaks, in a few milliseconds. */
export const sliceItems = 5000;

/** Visits items of several lists: yields where others can be served, also if each list is short. */
export class Slices {
  #visited = 0;

  *each<T>(items: Iterable<T>, visit: (item: T) => void): Generator<void, void> {
    for (const item of items) {
      visit(item);
      if (++this.#visited % sliceItems === 0) yield;
    }
  }
}

/** Visits many items: yields where others can be served. */
export function eachInSlices<T>(items: Iterable<T>, visit: (item: T) => void): Generator<void, void> {
  return new Slices().each(items, visit);
}

/** Of the steps of a transaction, and entities that are deleted. */
export const sliceSteps = 500;

/** Yields once for many steps. */
export function* inParts<T>(steps: Generator<unknown, T>): Generator<void, T> {
  for (let count = 1; ; count++) {
    const next = steps.next();
    if (next.done) return next.value;
    if (count % sliceSteps === 0) yield;
  }
}

/** Characters of JSON that are parsed between two breaks. */
const sliceLength = 512 * 1024;

/** Parses many texts. */
export function* parseSteps(texts: readonly string[]): Generator<void, unknown[]> {
  const parsed: unknown[] = [];
  let length = 0;
  for (const text of texts) {
    parsed.push(JSON.parse(text));
    length += text.length;
    if (length < sliceLength) continue;
    length = 0;
    yield;
  }
  return parsed;
}
