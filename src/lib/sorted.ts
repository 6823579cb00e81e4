// Sorted arrays that stay sorted: positions are found by binary search.

/** The index of the first row that does not come before this one. */
export function lowerBound<R>(rows: readonly R[], row: R, compare: (a: R, b: R) => number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(rows[middle] as R, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function insertSorted<R>(rows: R[], row: R, compare: (a: R, b: R) => number): void {
  rows.splice(lowerBound(rows, row, compare), 0, row);
}

/** Removes a row that is in the array. `compare` must tell any two rows apart. */
export function removeSorted<R>(rows: R[], row: R, compare: (a: R, b: R) => number): void {
  rows.splice(lowerBound(rows, row, compare), 1);
}
