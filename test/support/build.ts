// Builds the package before the tests that need it, unless what is there is newer than everything it is made of.

import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { commands, entries, outputName } from '../../tsup.config.ts';

const root = join(import.meta.dirname, '../..');

/** Every file that must be there after a build. */
export function outputs(): string[] {
  const perEntry = Object.keys(entries).flatMap((entry) => ['.js', '.cjs', '.d.ts', '.d.cts'].map((end) => outputName(entry) + end));
  return [...perEntry, ...Object.keys(commands).map((name) => `${name}.js`)];
}

function changedAt(path: string): number {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isFresh(): boolean {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => join('src', name));
  const newest = Math.max(
    ...[
      ...sources,
      'scripts/build.ts',
      'scripts/build-client.ts',
      'scripts/build-commonjs.ts',
      'scripts/declarations.ts',
      'tsup.config.ts',
      'tsconfig.json',
      'package.json',
    ].map(changedAt),
  );
  return outputs().every((name) => changedAt(join('dist', name)) > newest);
}

export function setup(): void {
  if (!isFresh()) execFileSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}
