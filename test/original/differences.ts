// Where our answers differ from the recordings: one list for each folder, a line for each step, and the reasons.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Kind } from './compare.ts';

/** File → title of the transcript → name of the step → `kind reason`. */
export type Differences = Record<string, Record<string, Record<string, string>>>;

/** The reason of a difference that is to be mended. */
export const open = 'open';

const directory = fileURLToPath(new URL('differences', import.meta.url));
const page = fileURLToPath(new URL('../../docs/differences.md', import.meta.url));
const pathOf = (name: string): string => join(directory, `${name}.json`);
const read = (name: string): unknown => JSON.parse(readFileSync(pathOf(name), 'utf8'));

/** The folders that have a list. */
export const listedFolders = (): string[] =>
  readdirSync(directory)
    .map((name) => name.replace(/\.json$/, ''))
    .filter((name) => name !== 'reasons' && name !== 'openings')
    .sort();

/** Key → why differences with it are kept. */
export const reasons = (): Readonly<Record<string, string>> => read('reasons') as Record<string, string>;

/** Key → why no stranger comes in where ours permits more than the original. */
export const openings = (): Readonly<Record<string, string>> => read('openings') as Record<string, string>;

export const readDifferences = (folder: string): Differences => read(folder) as Differences;

export function writeDifferences(folder: string, differences: Differences): void {
  writeFileSync(pathOf(folder), `${JSON.stringify(withoutEmpty(differences), null, 2)}\n`);
}

/** Reasons that are about the comparison, and no difference by themselves. */
const technical: ReadonlySet<string> = new Set([open, 'follows', 'random-ids']);

const tableStart = '| name | difference |\n| --- | --- |\n';

/** The rows of docs/differences.md that name each reason. */
export function reasonRows(): string[] {
  const entries = Object.entries(reasons()).filter(([key]) => !technical.has(key));
  return entries.map(([key, text]) => `| \`${key}\` | ${text.replaceAll('|', '\\|')} |`);
}

/** The page as it stands. */
export const readPage = (): string => readFileSync(page, 'utf8');

/** Writes the table of reasons, which ends the page, anew. */
export function documentReasons(): void {
  const text = readPage();
  const at = text.indexOf(tableStart);
  if (at < 0) throw new Error('docs/differences.md has no table of reasons');
  writeFileSync(page, `${text.slice(0, at)}${tableStart}${reasonRows().join('\n')}\n`);
}

function withoutEmpty(differences: Differences): Differences {
  const isFilled = (entry: readonly [string, object]): boolean => Object.keys(entry[1]).length > 0;
  const files = Object.entries(differences).map(
    ([file, titles]) => [file, Object.fromEntries(Object.entries(titles).filter(isFilled))] as const,
  );
  return Object.fromEntries(files.filter(isFilled).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Steps that cannot be compared are no differences. */
export const isDifference = (kind: Kind): boolean => !['alike', 'skipped', 'unstable'].includes(kind);

export const kindOf = (entry: string): Kind => entry.split(' ')[0] as Kind;
export const reasonOf = (entry: string): string => entry.split(' ').slice(1).join(' ');

/** A step may be named `constructor`. */
export const entryOf = (steps: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(steps, name) ? steps[name] : undefined;

/**
 * The list of one transcript as it is now: what stays keeps its reason, what is new is open. What is listed as unstable, since it depends on ids
 * that each run makes anew, may differ or not.
 */
export function updated(listed: Readonly<Record<string, string>>, found: Readonly<Record<string, Kind>>): Record<string, string> {
  const unstable = Object.entries(listed).filter(([, entry]) => kindOf(entry) === 'unstable');
  const others = Object.entries(found).map(([step, kind]) => {
    const entry = entryOf(listed, step);
    return [step, entry !== undefined && kindOf(entry) === kind ? entry : `${kind} ${open}`] as const;
  });
  return Object.fromEntries([...others, ...unstable]);
}
