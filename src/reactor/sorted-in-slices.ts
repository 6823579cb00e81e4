// Sorting that lets others run: stretches are sorted, then merged, and between two steps there may be a breath.

import type { Breath } from '../lib/breath.ts';

export async function sortedInSlices<T>(list: readonly T[], compare: (a: T, b: T) => number, breath: Breath): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let at = 0; at < list.length; at += breath.atOnce) {
    runs.push(list.slice(at, at + breath.atOnce).sort(compare));
    if (breath.isDue) await breath.take();
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(await mergedInSlices(runs[at] ?? [], runs[at + 1] ?? [], compare, breath));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergedInSlices<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number, breath: Breath): Promise<readonly T[]> {
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
    if (merged.length % breath.atOnce === 0 && breath.isDue) await breath.take();
  }
  return [...merged, ...a.slice(atA), ...b.slice(atB)];
}
