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

/** Of triples, changes and the like: how many are handled between two breaks, in a few milliseconds. */
export const sliceItems = 5000;

/** Visits many items: yields where others can be served. */
export function* eachInSlices<T>(items: Iterable<T>, visit: (item: T) => void): Generator<void, void> {
  let visited = 0;
  for (const item of items) {
    visit(item);
    if (++visited % sliceItems === 0) yield;
  }
}

/** Of the steps of a transaction, and entities that are deleted. */
export const sliceSteps = 500;

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
