// `triplane migrate`: changes a project that uses InstantDB's packages to use this one. Prints a diff; changes files only with --write.

import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import {
  addressesIn,
  type Manifest,
  manifestEdits,
  mayName,
  packagesOf,
  type ProjectAddresses,
  readManifests,
  sourceFiles,
} from './migrate/project.ts';
import { applyEdits, diffOf, type Edit } from './migrate/edits.ts';
import { rewrite, type Rewritten } from './migrate/rewrite.ts';
import type { MoveFlags } from './move-flags.ts';

type Print = (line: string) => void;

interface Change {
  readonly path: string;
  readonly source: string;
  readonly edits: readonly Edit[];
}

const defaultUrl = 'http://127.0.0.1:4747';

/** @returns the exit code */
export async function migrateCommand(folder: string, flags: MoveFlags, { print }: { readonly print: Print }): Promise<number> {
  const manifests = await readManifests(folder);
  const { changes, notes, variables } = await rewritten(folder, flags.url ?? defaultUrl, manifests);
  for (const manifest of manifests) {
    const edits = manifestEdits(manifest);
    if (edits.length > 0) changes.push({ path: manifest.path, source: manifest.text, edits });
  }
  if (changes.length === 0) print('Nothing here uses @instantdb/core, @instantdb/react or @instantdb/admin');
  for (const { path, source, edits } of changes) {
    if (flags.write) await writeFile(path, applyEdits(source, edits));
    print(flags.write ? `Changed: ${relative(folder, path)}` : diffOf(relative(folder, path), source, edits));
  }
  for (const note of notes) print(`note: ${note}`);
  if (changes.length === 0) return 0;
  for (const name of variables) print(`note: set ${name} to the address of the server where the app is built for users`);
  print(flags.write ? 'Run npm install now' : '\nNothing was changed. Add --write to change these files');
  return 0;
}

interface RewrittenProject {
  readonly changes: Change[];
  readonly notes: readonly string[];
  readonly variables: ReadonlySet<string>;
}

/** A file that re-exports `init` affects calls in other files, so all files are read first. */
async function rewritten(folder: string, url: string, manifests: readonly Manifest[]): Promise<RewrittenProject> {
  const paths = await sourceFiles(folder);
  const sources = new Map<string, string>();
  for (const path of paths) {
    const source = await readFile(path, 'utf8');
    if (source.includes('@instantdb') || source.includes('instantdb.com') || source.includes('init')) sources.set(path, source);
  }
  const exporting = new Set<string>();
  const run = (path: string, source: string): Rewritten & { readonly addresses: ProjectAddresses } => {
    const addresses = addressesIn(packagesOf(path, manifests), url);
    const exportsInit = (module: string): boolean => [...exporting].some((to) => mayName(module, path, to));
    return { ...rewrite(source, { addresses, isMarkup: /\.(?:vue|svelte|astro)$/.test(path), exportsInit }), addresses };
  };
  for (let known = -1; known < exporting.size;) {
    known = exporting.size;
    for (const [path, source] of sources) if (run(path, source).exported.length > 0) exporting.add(path);
  }
  const changes: Change[] = [];
  const notes: string[] = [];
  const variables = new Set<string>();
  for (const [path, source] of sources) {
    const { edits, notes: found, addresses } = run(path, source);
    if (edits.length > 0) changes.push({ path, source, edits });
    if (edits.some(({ text }) => text.includes('apiURI'))) for (const name of addresses.variables) variables.add(name);
    notes.push(...found.map((note) => `${relative(folder, path)}:${note}`));
  }
  return { changes, notes, variables };
}
