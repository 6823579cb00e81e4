// Merge sort in steps, for lists that take longer to sort than a program may be busy at a time.

const runLength = 2000;

/** Yields how many elements were sorted or merged since the last time; returns a new, sorted list. Stable. */
export function* sortSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Generator<number, T[]> {
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
