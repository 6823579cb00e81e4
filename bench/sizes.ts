// W9: what an import costs a page, ours and the others', bundled alike; and what the start of ours is made of.

import { sep } from 'node:path';
import { gzipSync } from 'node:zlib';

import { transform } from 'esbuild';

import { type PageSize, pageSize } from '../scripts/page-size.ts';

interface Row {
  readonly title: string;
  /** Looked up from here. */
  readonly folder: string;
  readonly code: string;
  readonly goal?: { readonly start: number; readonly all?: number };
}

const bench = new URL('.', import.meta.url).pathname;
const root = new URL('..', import.meta.url).pathname;
const source = `${root}src`;
const foreign = ['react', 'react-dom', 'next', 'triplane'];

const ours = (names: string, entry = 'index.ts'): string => `import { ${names} } from '${source}/${entry}'; console.log(${names});`;
const theirs = (names: string, from: string): string => `import { ${names} } from '${from}'; console.log(${names});`;

const start: Row = {
  title: 'Triplane `{ init, id }`',
  folder: bench,
  code: ours('init, id'),
  goal: { start: 48_000, all: 66_000 },
};

const rows: readonly Row[] = [
  { title: 'Triplane `{ id }`', folder: bench, code: ours('id'), goal: { start: 1_000 } },
  start,
  { title: 'InstantDB `{ init, id }`', folder: bench, code: theirs('init, id', '@instantdb/core') },
  {
    title: 'TanStack DB, a local collection and a live query',
    folder: bench,
    code: theirs('createCollection, createLiveQueryCollection, eq, localOnlyCollectionOptions', '@tanstack/db'),
  },
  {
    title: 'Zero `{ Zero, createSchema, table, string }`',
    folder: bench,
    code: theirs('Zero, createSchema, table, string', '@rocicorp/zero'),
  },
];

/** The part of the report about sizes. */
export async function sizesReport(): Promise<string> {
  const lines: string[] = [];
  let profile = '';
  for (const row of rows) {
    const size = await pageSize(row.folder, row.code, foreign);
    lines.push(lineOf(row, size));
    if (row === start) profile = await profileOf(size);
  }
  return `## W9 Sizes

Bundled by Vite with all dependencies, minified as Vite does, gzipped; kB of 1,000 bytes. "Start" is what a page loads at once, "all" that and
whatever it may load later, on first use.

| import | start | all | goal (start / all) |
| --- | --- | --- | --- |
${lines.join('\n')}

What \`{ init, id }\` loads at once is made of:

| part | kB |
| --- | --- |
${profile}
`;
}

function lineOf({ title, goal }: Row, { start, all }: PageSize): string {
  const target = goal ? `${kB(goal.start)}${goal.all === undefined ? '' : ` / ${kB(goal.all)}`}` : '';
  return `| ${title} | **${kB(start)}** | ${kB(all)} | ${target} |`;
}

const kB = (bytes: number): string => (bytes / 1000).toFixed(1);

/** Each folder's share: gzipped apart, and scaled to the whole, which shares one dictionary. */
async function profileOf({ start, modules }: PageSize): Promise<string> {
  const folders = new Map<string, string>();
  for (const [name, code] of modules) folders.set(folderOf(name), (folders.get(folderOf(name)) ?? '') + code);
  const sizes = await Promise.all(
    [...folders].map(async ([folder, code]) => {
      const { code: minified } = await transform(code, { minify: true, target: 'es2022' });
      return [folder, gzipSync(minified, { level: 9 }).length] as const;
    }),
  );
  const sum = sizes.reduce((total, [, size]) => total + size, 0);
  const largest = sizes.sort(([, a], [, b]) => b - a).filter(([, size]) => size > 0);
  return largest.map(([folder, size]) => `| ${folder} | ${kB((size * start) / sum)} |`).join('\n');
}

function folderOf(module: string): string {
  if (!module.startsWith(source)) return 'packages (eventemitter3, isomorphic-ws, nanoid)';
  const [first = '', ...rest] = module.slice(source.length + 1).split(sep);
  return rest.length > 0 ? `src/${first}` : 'src/*.ts';
}
