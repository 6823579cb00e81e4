// The files of a project, and what kind of project it is.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../../../lib/json.ts';
import { ownVersion } from '../../../protocol/version.ts';
import type { Edit } from './edits.ts';
import type { Addresses } from './rewrite.ts';

const sources = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/;
const passedOver: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  'build',
  'out',
  'coverage',
  '.git',
  '.next',
  '.svelte-kit',
  '.expo',
  '.turbo',
  '.triplane',
]);
const replacedPackages = ['@instantdb/core', '@instantdb/react', '@instantdb/admin'];

/** Paths of source files, sorted. */
export async function sourceFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !passedOver.has(entry.name)) found.push(...(await sourceFiles(path)));
    else if (entry.isFile() && sources.test(entry.name)) found.push(path);
  }
  return found.sort();
}

export interface Manifest {
  readonly text: string;
  readonly packages: ReadonlySet<string>;
}

export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    const text = await readFile(join(folder, 'package.json'), 'utf8');
    const json: unknown = JSON.parse(text);
    if (!isObject(json)) return undefined;
    const lists = [json.dependencies, json.devDependencies].filter(isObject);
    return { text, packages: new Set(lists.flatMap((list) => Object.keys(list))) };
  } catch {
    return undefined;
  }
}

/** How the code of a project reads the address of the server: from the variables that its bundler passes on. */
export function addressesIn(packages: ReadonlySet<string>, url: string): Addresses & { readonly variables: readonly string[] } {
  const [from, prefix] = packages.has('next')
    ? ['process.env', 'NEXT_PUBLIC_']
    : packages.has('expo')
      ? ['process.env', 'EXPO_PUBLIC_']
      : packages.has('vite')
        ? ['import.meta.env', 'VITE_']
        : [undefined, ''];
  const node = `process.env.TRIPLANE_URL ?? '${url}'`;
  if (from === undefined) return { bundled: `'${url}'`, node, variables: [] };
  return { bundled: `${from}.${prefix}TRIPLANE_URL ?? '${url}'`, node, variables: [`${prefix}TRIPLANE_URL`] };
}

/** In `package.json`: our package for the first of theirs, and the others of them taken out. */
export function manifestEdits({ text, packages }: Manifest): Edit[] {
  let isThere = packages.has('triplane');
  return replacedPackages.flatMap((name): Edit[] => {
    const match = new RegExp(`"${name}"\\s*:\\s*"[^"]*"`).exec(text);
    if (!match) return [];
    const [start, end] = [match.index, match.index + match[0].length];
    if (!isThere) {
      isThere = true;
      return [{ start, end, text: `"triplane": "^${ownVersion}"` }];
    }
    const after = /^\s*,\s*/.exec(text.slice(end))?.[0];
    if (after !== undefined) return [{ start, end: end + after.length, text: '' }];
    const before = /,\s*$/.exec(text.slice(0, start))?.[0] ?? '';
    return [{ start: start - before.length, end, text: '' }];
  });
}
