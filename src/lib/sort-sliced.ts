// A merge sort that works in slices, so that sorting many rows does not block the page.

import type { TimeSlicer } from './yielding.ts';

export async function sortSliced<T>(list: readonly T[], compare: (a: T, b: T) => number, slicer: TimeSlicer): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let at = 0; at < list.length; at += slicer.batchSize) {
    runs.push(list.slice(at, at + slicer.batchSize).sort(compare));
    if (slicer.shouldYield) await slicer.yieldToMain();
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(await mergeSliced(runs[at] ?? [], runs[at + 1] ?? [], compare, slicer));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeSliced<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
  slicer: TimeSlicer,
): Promise<readonly T[]> {
  const merged: T[] = [];
  let [atA, atB] = [0, 0];
  while (atA < a.length && atB < b.length) {
    const [one, other] = [a[atA] as T, b[atB] as T];
    if (compare(one, other) <= 0) {
      merged.push(one);
      atA++;
    } else {
      merged.push(other);
      atB++;
    }
    if (merged.length % slicer.batchSize === 0 && slicer.shouldYield) await slicer.yieldToMain();
  }
  return [...merged, ...a.slice(atA), ...b.slice(atB)];
}
