// A project's schema and rules on disk: their paths, contents, and changes.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { TriplaneError } from '../../errors.ts';
import { hiddenContent, lostInJson } from '../lost-in-json.ts';
import { loadFile } from './project-load.ts';
import { findFile, rulesFile, schemaFile } from './project-paths.ts';
import { thrownText } from './thrown-text.ts';

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
  const [schema, rules] = await Promise.all([readOne(schemaFile, folder), readOne(rulesFile, folder)]);
  const nowhere = (): string => '';
  return { schema: schema?.json, rules: rules?.json, lineOf: { schema: schema?.at ?? nowhere, rules: rules?.at ?? nowhere } };
}

async function readOne(file: typeof schemaFile | typeof rulesFile, folder: string) {
  const path = findFile(file, folder);
  if (path === undefined) return undefined;
  const [name, at] = [basename(path), locateIn(basename(path), await readFile(path, 'utf8'))];
  return { json: asJson(name, await loadFile(path), file === rulesFile ? at : undefined), at };
}

/** Finds the keys of the path, each after the previous one. */
function locateIn(name: string, text: string): Locate {
  return (path) => {
    let at = 0;
    for (const key of path) {
      const found = text.slice(at).search(new RegExp(`(?<![\\w$])${key.replace(/[^\w]/g, '\\$&')}["'\`]?\\s*:`));
      // The builder of a schema writes it.
      if (found < 0 && key === 'attrs') continue;
      if (found < 0) break;
      at += found + key.length;
    }
    return at === 0 ? `${name}: ` : `${name}:${text.slice(0, at).split('\n').length}: `;
  };
}

/** `at`: where parts that JSON cannot carry are refused. @throws TriplaneError 'config-invalid' */
function asJson(name: string, value: unknown, at: Locate | undefined): unknown {
  const problem = problemWith(value);
  if (problem) throw new TriplaneError('config-invalid', `${name}: the default export must be an object, and ${problem}`);
  const { in: path = [], message } = (at && lostInJson(value)) ?? {};
  if (at && message !== undefined) throw new TriplaneError('config-invalid', `${at(path.map(String))}${path.join('.')}: ${message}`);
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (cause) {
    throw new TriplaneError('config-invalid', `${name}: ${thrownText(cause)}`, { cause });
  }
}

/** Without an export, or with one that JSON cannot write, the file would have no effect in silence. */
function problemWith(value: unknown): string | undefined {
  if (value === undefined) return 'there is none';
  if (value === null) return 'is null';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value !== 'object') return `is a ${typeof value}`;
  const hidden = hiddenContent(value);
  return hidden === undefined ? undefined : `is a ${hidden}, whose content JSON does not have`;
}
