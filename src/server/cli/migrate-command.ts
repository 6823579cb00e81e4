// `triplane migrate`: a project that uses InstantDB's packages, changed to use this one. Shows a diff; changes files only with --write.

import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { addressesIn, manifestEdits, readManifest, sourceFiles } from './migrate/project.ts';
import { applyEdits, diffOf, type Edit } from './migrate/edits.ts';
import { rewrite } from './migrate/rewrite.ts';
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
  const manifest = await readManifest(folder);
  const addresses = addressesIn(manifest?.packages ?? new Set(), flags.url ?? defaultUrl);
  const changes: Change[] = [];
  const notes: string[] = [];
  for (const path of await sourceFiles(folder)) {
    const source = await readFile(path, 'utf8');
    const { edits, notes: found } = rewrite(source, addresses);
    if (edits.length > 0) changes.push({ path, source, edits });
    notes.push(...found.map((note) => `${relative(folder, path)}:${note}`));
  }
  const inManifest = manifest ? manifestEdits(manifest) : [];
  if (manifest && inManifest.length > 0) changes.push({ path: join(folder, 'package.json'), source: manifest.text, edits: inManifest });
  if (changes.length === 0) print('Nothing here uses @instantdb/core, @instantdb/react or @instantdb/admin');
  for (const { path, source, edits } of changes) {
    if (flags.write) await writeFile(path, applyEdits(source, edits));
    print(flags.write ? `Changed: ${relative(folder, path)}` : diffOf(relative(folder, path), source, edits));
  }
  for (const note of notes) print(`note: ${note}`);
  if (changes.length === 0) return 0;
  for (const name of addresses.variables) print(`note: set ${name} to the address of the server where the app is built for users`);
  print(flags.write ? 'Run npm install now' : '\nNothing was changed. Add --write to change these files');
  return 0;
}
