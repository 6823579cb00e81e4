// Finds a shorter list that still fails, by leaving out parts (delta debugging).

/**
 * @param fails whether a run of these items fails
 * @param most the number of runs that it may take
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  most: number,
): Promise<readonly T[]> {
  let shortest = items;
  let runs = 0;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.length && runs < most;) {
      const fewer = [...shortest.slice(0, at), ...shortest.slice(at + size)];
      runs += 1;
      if (await fails(fewer)) shortest = fewer;
      else at += size;
    }
  }
  return shortest;
}
