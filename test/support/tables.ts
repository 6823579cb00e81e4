// Tests written as a table: a test per cell, so that no combination is left out. The types of the table demand every cell.

import { describe, expect, test } from 'vitest';

type Cells = string | { readonly [name: string]: Cells };

/**
 * A test for each cell: that `outcome` of the names on the way to it is what the cell says.
 *
 * @example
 * tableTests(table, (state: State, event: Event) => outcome(state, event));
 */
export function tableTests<Names extends readonly string[]>(
  table: CellsOf<Names>,
  outcome: (...names: Names) => string | Promise<string>,
): void {
  addTests(table, [], (names) => outcome(...(names as unknown as Names)));
}

type CellsOf<Names extends readonly string[]> = Names extends readonly [infer Name extends string, ...infer Rest extends readonly string[]]
  ? { readonly [Each in Name]: CellsOf<Rest> }
  : string;

function addTests(cells: Cells, names: readonly string[], outcome: (names: readonly string[]) => string | Promise<string>): void {
  if (typeof cells === 'string') return;
  for (const [name, below] of Object.entries(cells)) {
    const path = [...names, name];
    if (typeof below === 'string') test(name, async () => expect(await outcome(path)).toBe(below));
    else describe(name, () => addTests(below, path, outcome));
  }
}

/** A cell of a table of transitions: the state afterwards, `-` for the same, and after a colon what was returned. */
export function transition(before: string, after: string, returned: string | number | boolean | void): string {
  const text = returned === undefined ? '' : String(returned);
  return `${after === before ? '-' : after}${text && `: ${text}`}`;
}
