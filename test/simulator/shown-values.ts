// What each tab showed of the shared rows, one value after the other. Once a tab has shown a value that the log has, it shows none that came
// before it there.

import type { LogEntry } from '../../src/server/storage/storage.ts';

interface Shown {
  readonly tab: string;
  readonly row: string;
  readonly values: unknown[];
}

export class ShownValues {
  readonly #lines: Shown[] = [];
  readonly #open = new Map<string, Shown>();
  readonly #owners = new Map<string, string>();
  /** Values of lost entries: a result on a disk may have them in their old place, while their clients write them again in a new one. */
  readonly #lost = new Set<string>();

  show(tab: string, owner: string, rows: readonly (readonly [row: string, value: unknown])[]): void {
    if (this.#owners.get(tab) !== owner) this.forget(tab);
    this.#owners.set(tab, owner);
    for (const [row, value] of rows) {
      const key = `${tab} ${row}`;
      const line = this.#open.get(key) ?? { tab, row, values: [] };
      if (!this.#open.has(key)) this.#lines.push(line);
      this.#open.set(key, line);
      if (line.values.at(-1) !== value) line.values.push(value);
    }
  }

  /** What this tab shows from here on has nothing to do with what it showed. */
  forget(tab: string): void {
    for (const [key, line] of this.#open) if (line.tab === tab) this.#open.delete(key);
  }

  /** An older log took over: what any tab shows from here on has nothing to do with what any showed. */
  loseEntries(lost: readonly LogEntry[]): void {
    this.#open.clear();
    this.#lines.splice(0);
    for (const key of lost.flatMap(({ changes }) => changes.map(valueKey))) this.#lost.add(key);
  }

  check(entries: readonly LogEntry[]): string[] {
    const places = new Map<string, number>();
    let place = 0;
    for (const change of entries.flatMap(({ changes }) => changes)) {
      const key = valueKey(change);
      place += 1;
      if (change.action === 'added' && !places.has(key) && !this.#lost.has(key)) places.set(key, place);
    }
    return this.#lines.flatMap((line) => goesBack(line, places) ?? []);
  }
}

const valueKey = ({ triple }: LogEntry['changes'][number]): string => `${triple[0]} ${String(triple[2])}`;

function goesBack({ tab, row, values }: Shown, places: ReadonlyMap<string, number>): string | undefined {
  let [last, lastPlace]: [unknown, number] = [undefined, 0];
  for (const value of values) {
    const place = places.get(`${row} ${String(value)}`);
    if (place === undefined) continue; // refused, or lost with its tab or log
    if (place < lastPlace) return `${tab} showed ${String(last)} in row ${row.slice(0, 1)}, and then the older ${String(value)}`;
    [last, lastPlace] = [value, place];
  }
  return undefined;
}
