// The files of a project, and what kind of project it is.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../../../lib/json.ts';
import { ownVersion } from '../../../protocol/version.ts';
import type { Edit } from './edits.ts';
import type { Addresses } from './rewrite.ts';

const extensions = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/;
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

/** Sorted paths of source files. */
export const sourceFiles = (folder: string): Promise<string[]> => filesIn(folder, (name) => extensions.test(name));

async function filesIn(folder: string, isWanted: (name: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !passedOver.has(entry.name)) found.push(...(await filesIn(path, isWanted)));
    else if (entry.isFile() && isWanted(entry.name)) found.push(path);
  }
  return found.sort();
}

export interface Manifest {
  readonly path: string;
  readonly text: string;
  readonly packages: ReadonlySet<string>;
}

const dependencyLists = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];

/** Of each package of the project, innermost first. */
export async function readManifests(folder: string): Promise<Manifest[]> {
  const found: Manifest[] = [];
  for (const path of await filesIn(folder, (name) => name === 'package.json')) {
    const text = await readFile(path, 'utf8');
    const json = parseJson(text);
    if (!isObject(json)) continue;
    const lists = dependencyLists.map((name) => json[name]).filter(isObject);
    found.push({ path, text, packages: new Set(lists.flatMap((list) => Object.keys(list))) });
  }
  return found.sort((a, b) => b.path.length - a.path.length);
}

/** Of the package that contains a file: the nearest one with dependencies. */
export function packagesOf(path: string, manifests: readonly Manifest[]): ReadonlySet<string> {
  const own = manifests.filter((manifest) => path.startsWith(manifest.path.slice(0, -'package.json'.length)));
  return (own.find(({ packages }) => packages.size > 0) ?? own[0])?.packages ?? new Set<string>();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether a module specifier in a file may refer to the file `to`: as a relative path, or as an alias that ends in its path. */
export function mayName(module: string, from: string, to: string): boolean {
  const plain = (path: string): string =>
    path
      .replace(extensions, '')
      .replace(/[\\/]index$/, '')
      .replaceAll('\\', '/');
  if (module.startsWith('.')) return plain(join(from, '..', module)) === plain(to);
  const alias = /^(?:[@~#]\/|src\/)(.+)$/.exec(module)?.[1];
  return alias !== undefined && plain(to).endsWith(`/${plain(alias)}`);
}

/** How the project's code reads the server's URL: from variables that its bundler passes on. */
export type ProjectAddresses = Addresses & { readonly variables: readonly string[] };

export function addressesIn(packages: ReadonlySet<string>, url: string): ProjectAddresses {
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

/** In `package.json`: replaces the first of their packages by ours, and removes the others. */
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
