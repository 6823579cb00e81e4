// Where a project keeps its schema and its rules, which is where `instant-cli` looks for them, and when they change.

import { existsSync, readdirSync, watch } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export const schemaFile = 'instant.schema.ts';
export const rulesFile = 'instant.perms.ts';

type ProjectFile = typeof schemaFile | typeof rulesFile;

/** A file of another name, or somewhere else. */
const overrides = { [schemaFile]: 'INSTANT_SCHEMA_FILE_PATH', [rulesFile]: 'INSTANT_PERMS_FILE_PATH' } as const;

const extensions = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];
/** With the depth to which the folders in them are looked through. */
const searched = [
  ['.', 0],
  ['src', 3],
  ['lib', 2],
  ['app', 0],
] as const;

export function findFile(file: ProjectFile, folder: string): string | undefined {
  const named = process.env[overrides[file]];
  if (named) return [resolve(folder, named)].find((path) => existsSync(path));
  for (const inside of searched.flatMap(([top, depth]) => foldersIn(resolve(folder, top), depth)))
    for (const name of namesOf(file)) if (existsSync(join(inside, name))) return join(inside, name);
  return undefined;
}

/** Where it is, or is to be written. */
export function pathFor(file: ProjectFile, folder: string): string {
  return findFile(file, folder) ?? resolve(folder, process.env[overrides[file]] ?? file);
}

const namesOf = (file: ProjectFile): string[] => extensions.map((extension) => file.replace(/ts$/, extension));

/** The folder, and those in it. */
function foldersIn(folder: string, depth: number): string[] {
  if (!existsSync(folder)) return [];
  if (depth === 0) return [folder];
  const inside = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
  );
  return [folder, ...inside.flatMap(({ name }) => foldersIn(join(folder, name), depth - 1))];
}

/** Delay after the last of several changes, in milliseconds. */
const calm = 100;

/** Calls `run` after a change of either file. Returns a function that stops it. */
export function watchProject(folder: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const paths = ([schemaFile, rulesFile] as const).map((file) => pathFor(file, folder));
  const names = new Set([...paths.map((path) => basename(path)), ...namesOf(schemaFile), ...namesOf(rulesFile)]);
  const watched = new Set([...searched.map(([top]) => resolve(folder, top)), ...paths.map((path) => dirname(path))]);
  const watchers = [...watched]
    .filter((each) => existsSync(each))
    .map((each) =>
      watch(each, (_kind, name) => {
        if (name === null || !names.has(name)) return;
        clearTimeout(timer);
        timer = setTimeout(changed, calm);
      }),
    );
  return () => {
    clearTimeout(timer);
    for (const each of watchers) each.close();
  };
}
