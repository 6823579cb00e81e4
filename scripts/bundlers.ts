// The same page bundled by webpack and by esbuild, to compare with Vite (page-size.ts): minified as each does by default, and gzipped.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build, type Metafile } from 'esbuild';
import webpack from 'webpack';

import { pageSize, type PageSize } from './page-size.ts';

type Size = Pick<PageSize, 'start' | 'all'>;
/** @see pageSize */
type Bundler = (folder: string, code: string, external: readonly string[]) => Promise<Size>;

export const bundlers: Readonly<Record<string, Bundler>> = { vite: pageSize, webpack: webpackSize, esbuild: esbuildSize };

const gzipped = (content: string | Uint8Array): number => gzipSync(content, { level: 9 }).length;

/**
 * esbuild splits code only where it is told to, and then emits a chunk for every `import()` of a module it has read, used or not. A page
 * that uses little of a package is smaller without.
 */
async function esbuildSize(folder: string, code: string, external: readonly string[]): Promise<Size> {
  const split = await esbuildOutput(folder, code, external, true);
  const single = await esbuildOutput(folder, code, external, false);
  return single.start < split.start ? single : split;
}

async function esbuildOutput(folder: string, code: string, external: readonly string[], splitting: boolean): Promise<Size> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: folder, sourcefile: 'page.js' },
    bundle: true,
    splitting,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    outdir: join(folder, 'out'),
    external: [...external],
  });
  const sizes = new Map(outputFiles.map(({ path, contents }) => [basename(path), gzipped(contents)]));
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path]?.entryPoint !== undefined) ?? '';
  const sum = (names: Iterable<string>): number => [...names].reduce((total, name) => total + (sizes.get(basename(name)) ?? 0), 0);
  return { start: sum(reached(metafile.outputs, entry)), all: sum(reached(metafile.outputs, entry, true)) };
}

/** A chunk and those it imports; `isLater`: also those it may load later. */
function reached(outputs: Metafile['outputs'], path: string, isLater = false, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: imported, kind, external } of outputs[path]?.imports ?? []) {
    if (!external && (kind === 'import-statement' || isLater)) reached(outputs, imported, isLater, seen);
  }
  return seen;
}

async function webpackSize(folder: string, code: string, external: readonly string[]): Promise<Size> {
  const root = mkdtempSync(join(folder, '.webpack-'));
  try {
    writeFileSync(join(root, 'page.mjs'), code);
    const path = join(root, 'out');
    const stats = await run({
      mode: 'production',
      context: root,
      entry: './page.mjs',
      target: ['web', 'es2022'],
      output: { path },
      externals: [...external],
    });
    const { entrypoints = {} } = stats.toJson({ all: false, entrypoints: true });
    const size = (name: string): number => gzipped(readFileSync(join(path, name)));
    const sum = (names: readonly string[]): number => names.reduce((total, name) => total + size(name), 0);
    return { start: sum((entrypoints['main']?.assets ?? []).map(({ name }) => name)), all: sum(readdirSync(path)) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function run(options: webpack.Configuration): Promise<webpack.Stats> {
  return new Promise((resolve, reject) => {
    webpack(options, (error, stats) => {
      if (error || !stats || stats.hasErrors()) reject(error ?? new Error(stats?.toString('errors-only')));
      else resolve(stats);
    });
  });
}
