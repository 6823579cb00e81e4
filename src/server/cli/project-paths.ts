// Where a project keeps its schema and its rules, which is where `instant-cli` looks for them, and when they change.

import { existsSync, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
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

export interface WatchedProject {
  /** Watches the folders of what was imported since, too. */
  readonly look: () => void;
  readonly stop: () => void;
}

/** Calls `changed` after a change of either file, or of a file that they import, also in folders that are made later. */
export function watchProject(folder: string, changed: () => void, imported: () => readonly string[] = () => []): WatchedProject {
  let timer: NodeJS.Timeout | undefined;
  const watchers = new Map<string, FSWatcher>();
  const names = new Set([...namesOf(schemaFile), ...namesOf(rulesFile)]);
  const paths = (): string[] => [...([schemaFile, rulesFile] as const).map((file) => pathFor(file, folder)), ...imported()];
  const stop = (at: string): void => {
    watchers.get(at)?.close();
    watchers.delete(at);
  };
  /** Whether there were new folders. */
  const look = (): boolean => {
    for (const at of watchers.keys()) if (!existsSync(at)) stop(at);
    const before = watchers.size;
    const folders = [...searched.flatMap(([top, depth]) => foldersIn(resolve(folder, top), depth)), ...paths().map(dirname)];
    for (const at of new Set(folders)) if (!watchers.has(at) && existsSync(at)) open(at);
    return watchers.size > before;
  };
  const open = (at: string): void => {
    try {
      watchers.set(
        at,
        watch(at, (_kind, name) => heard(join(at, name ?? ''))).on('error', () => stop(at)),
      );
    } catch {
      // The system watches no more folders: the others are watched.
    }
  };
  const heard = (path: string): void => {
    const isFolderNew = !watchers.has(path) && isFolder(path) && look();
    if (!isFolderNew && !names.has(basename(path)) && !paths().includes(path)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, calm);
  };
  look();
  return {
    look,
    stop() {
      clearTimeout(timer);
      for (const at of [...watchers.keys()]) stop(at);
    },
  };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
