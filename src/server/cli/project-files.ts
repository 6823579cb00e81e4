// A project's schema and rules on disk: their paths, contents, and changes.

import { existsSync, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TriplaneError } from '../../errors.ts';
import { loadFile } from './project-load.ts';

export const schemaFile = 'instant.schema.ts';
export const rulesFile = 'instant.perms.ts';

const folders = ['.', 'src', 'app', 'lib'];

export function findFile(name: string, folder: string): string | undefined {
  return folders.map((each) => resolve(folder, each, name)).find((path) => existsSync(path));
}

export interface ProjectFiles {
  /** As JSON; undefined if there is no file. */
  readonly schema: unknown;
  readonly rules: unknown;
  /** The schema is partial: attributes it does not name are not reported as missing. */
  readonly isPartial?: boolean;
  /** Where a path is defined in each file, as `file:line: `; only the file if the line is unknown. */
  readonly lineOf?: { readonly schema: Locate; readonly rules: Locate };
}

type Locate = (path: readonly string[]) => string;

/** @throws any error thrown by the files */
export async function readProject(folder: string): Promise<ProjectFiles> {
  const [schema, rules] = await Promise.all(
    [schemaFile, rulesFile].map(async (name) => {
      const path = findFile(name, folder);
      return path === undefined
        ? undefined
        : { json: asJson(name, await loadFile(path)), at: locateIn(name, await readFile(path, 'utf8')) };
    }),
  );
  const nowhere = (): string => '';
  return { schema: schema?.json, rules: rules?.json, lineOf: { schema: schema?.at ?? nowhere, rules: rules?.at ?? nowhere } };
}

/** Finds the keys of the path, each after the previous one. */
function locateIn(name: string, text: string): Locate {
  return (path) => {
    let at = 0;
    for (const key of path) {
      const found = text.slice(at).search(new RegExp(`(?<![\\w$])${key.replace(/[^\w]/g, '\\$&')}["'\`]?\\s*:`));
      if (found < 0) break;
      at += found + key.length;
    }
    return at === 0 ? `${name}: ` : `${name}:${text.slice(0, at).split('\n').length}: `;
  };
}

/** @throws TriplaneError 'config-invalid' */
function asJson(name: string, value: unknown): unknown {
  const problem = problemWith(value);
  if (problem) throw new TriplaneError('config-invalid', `${name}: the default export must be an object, and ${problem}`);
  return JSON.parse(JSON.stringify(value));
}

/** Without an export, or with one that JSON cannot write, the file would have no effect in silence. */
function problemWith(value: unknown): string | undefined {
  if (value === undefined) return 'there is none';
  if (value === null) return 'is null';
  if (Array.isArray(value)) return 'is a list';
  return typeof value === 'object' ? undefined : `is a ${typeof value}`;
}

/** Delay after the last of several changes, in milliseconds. */
const calm = 100;

/** Calls `run` after a change of either file. Returns a function that stops it. */
export function watchProject(folder: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const found = [schemaFile, rulesFile].flatMap((name) => findFile(name, folder) ?? []);
  const watched = new Set([resolve(folder), ...found.map((path) => dirname(path))]);
  const watchers = [...watched].map((each) =>
    watch(each, (_kind, name) => {
      if (name !== schemaFile && name !== rulesFile) return;
      clearTimeout(timer);
      timer = setTimeout(changed, calm);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const each of watchers) each.close();
  };
}

export function pathFor(name: string, folder: string): string {
  return findFile(name, folder) ?? join(folder, name);
}
