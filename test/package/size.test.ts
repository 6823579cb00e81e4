// What an import costs, held against the table `sizes` in package.json: bundled by Vite, and the client's by webpack and esbuild too.

import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { bundlers } from '../../scripts/bundlers.ts';
import { pageSize } from '../../scripts/page-size.ts';
import { manifest, packedProject, type Project, type SizeLimit } from '../support/packed.ts';

let project: Project;

beforeAll(() => void (project = packedProject()));
afterAll(() => project.remove());

/** What a program brings itself, or can do without. */
const foreign = Object.keys({ ...manifest.peerDependencies, ...manifest.optionalDependencies });

function pageOf({ import: names, from }: SizeLimit): string {
  const imported = names === '*' ? '* as all' : names;
  return `import ${imported} from '${from}'; console.log(${names === '*' ? 'all' : names});`;
}

/** A server loads from its disk: it is taken as a whole. */
async function serverSize(row: SizeLimit): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: pageOf(row), resolveDir: project.folder },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    external: foreign,
    logLevel: 'silent',
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

const forNode = ['triplane/server', 'triplane/testing'];
const [servers, pages] = [true, false].map((isServer) => manifest.sizes.filter(({ from }) => forNode.includes(from) === isServer));

test.each(pages ?? [])('import $import from $from is at most $limit bytes at the start', { timeout: 60_000 }, async (row) => {
  const { start, all } = await pageSize(project.folder, pageOf(row), foreign);
  expect(start).toBeLessThanOrEqual(row.limit);
  expect(all).toBeLessThanOrEqual(row.all ?? row.limit);
});

const client = pages?.filter(({ from }) => from === 'triplane' || from === 'triplane/react') ?? [];

test.each(client)('import $import from $from has about the same size with every bundler', { timeout: 180_000 }, async (row) => {
  const sizes = new Map<string, { readonly start: number; readonly all: number }>();
  for (const [name, measure] of Object.entries(bundlers)) sizes.set(name, await measure(project.folder, pageOf(row), foreign));
  const starts = [...sizes].map(([name, { start }]) => ({ name, start }));
  for (const { name, start } of starts) expect({ name, start, fits: start <= row.limit }).toEqual({ name, start, fits: true });
  for (const { all } of sizes.values()) expect(all).toBeLessThanOrEqual(row.all ?? row.limit);
  const least = Math.min(...starts.map(({ start }) => start));
  const most = Math.max(...starts.map(({ start }) => start));
  // Within 5 % on either side of the middle. A few bytes of a bundler's own count for more in the smallest.
  expect(most - least).toBeLessThanOrEqual(Math.max(0.1 * ((most + least) / 2), 500));
});

test.each(servers ?? [])('import $import from $from is at most $limit bytes', { timeout: 60_000 }, async (row) => {
  expect(await serverSize(row)).toBeLessThanOrEqual(row.limit);
});
