// Merge sort in steps, for lists that take longer to sort than a program may be busy at a time.

const runLength = 2000;

/** A list that is being sorted, step by step. */
export interface Sorting<T> {
  /** Once it is sorted. */
  readonly result: T[] | undefined;
  /** Goes on. Returns how many elements were sorted or merged. */
  step(): number;
}

export type Sort<T> = (items: readonly T[], compare: (a: T, b: T) => number) => Sorting<T>;

/** Stable. The list that is given stays as it is. */
export function sortInSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Sorting<T> {
  const steps = sortSteps(items, compare);
  let result: T[] | undefined;
  return {
    get result() {
      return result;
    },
    step() {
      const { done, value } = steps.next();
      if (!done) return value;
      result = value;
      return 0;
    },
  };
}

function* sortSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Generator<number, T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += runLength) {
    const run = items.slice(at, at + runLength).sort(compare);
    runs.push(run);
    yield run.length;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const [a = [], b] = [runs[at], runs[at + 1]];
      merged.push(b ? yield* mergeSteps(a, b, compare) : a);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeSteps<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Generator<number, T[]> {
  // Lists that are in order already, as rows in the order of their creation are.
  if (compare(a[a.length - 1] as T, b[0] as T) <= 0) return a.concat(b);
  const merged: T[] = [];
  let [atA, atB] = [0, 0];
  while (atA < a.length && atB < b.length) {
    merged.push(compare(b[atB] as T, a[atA] as T) < 0 ? (b[atB++] as T) : (a[atA++] as T));
    if (merged.length % runLength === 0) yield runLength;
  }
  while (atA < a.length) merged.push(a[atA++] as T);
  while (atB < b.length) merged.push(b[atB++] as T);
  return merged;
}
