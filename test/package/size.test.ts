// What an import costs a page: bundled with all it brings, minified, gzipped, held against the table `sizes` in package.json.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build, transform } from 'esbuild';
import { build as vite, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { manifest, packedProject, type Project, type SizeLimit } from '../support/packed.ts';

let project: Project;

beforeAll(() => void (project = packedProject()));
afterAll(() => project.remove());

interface Cost {
  /** What a page loads at once. */
  readonly start: number;
  /** With what is loaded when it is first used. */
  readonly all: number;
}

interface Chunk {
  readonly fileName: string;
  readonly code: string;
  readonly isEntry: boolean;
  readonly imports: readonly string[];
}

/** What a program brings itself, or can do without. */
const foreign = Object.keys({ ...manifest.peerDependencies, ...manifest.optionalDependencies });

function pageOf({ import: names, from }: SizeLimit): string {
  const imported = names === '*' ? '* as all' : names;
  return `import ${imported} from '${from}'; console.log(${names === '*' ? 'all' : names});`;
}

/** As most programs for browsers are bundled. */
async function pageChunks(row: SizeLimit): Promise<readonly Chunk[]> {
  const page = join(project.folder, 'page.js');
  writeFileSync(page, pageOf(row));
  const result = await vite({
    configFile: false,
    logLevel: 'silent',
    root: project.folder,
    build: {
      write: false,
      target: 'es2022',
      minify: false,
      modulePreload: false,
      rolldownOptions: { input: page, external: foreign.map((name) => new RegExp(`^${name}(/|$)`)) },
    },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as Rolldown.RolldownOutput;
  return output.filter((file): file is Rolldown.OutputChunk => file.type === 'chunk');
}

/** A server loads from its disk: it is taken as a whole. */
async function serverChunks(row: SizeLimit): Promise<readonly Chunk[]> {
  const stdin = { contents: pageOf(row), resolveDir: project.folder };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    external: foreign,
    logLevel: 'silent',
  });
  return [{ fileName: 'server.js', code: outputFiles[0]?.text ?? '', isEntry: true, imports: [] }];
}

async function measure(row: SizeLimit): Promise<Cost> {
  const chunks = await (row.from === 'triplane/server' ? serverChunks(row) : pageChunks(row));
  const sizes = new Map<string, number>();
  for (const { fileName, code } of chunks) {
    const minified = await transform(code, { minify: true, target: 'es2022', format: 'esm' });
    sizes.set(fileName, gzipSync(minified.code, { level: 9 }).length);
  }
  const sum = (names: Iterable<string>): number => [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
  return { start: sum(reached(chunks, chunks.find(({ isEntry }) => isEntry)?.fileName ?? '')), all: sum(sizes.keys()) };
}

/** A chunk, and those it cannot do without. */
function reached(chunks: readonly Chunk[], name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const needed of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) reached(chunks, needed, seen);
  return seen;
}

test.each(manifest.sizes)('import $import from $from is at most $limit bytes at the start', { timeout: 60_000 }, async (row) => {
  const { start, all } = await measure(row);
  expect(start).toBeLessThanOrEqual(row.limit);
  expect(all).toBeLessThanOrEqual(row.all ?? row.limit);
});
