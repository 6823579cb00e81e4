// What an import costs a page: bundled by Vite with all it brings, minified as Vite does, and gzipped. Counted apart: what the page loads
// at once, and that together with all it may load later.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build, type Rolldown } from 'vite';

export interface PageSize {
  /** Bytes that a page loads at once. */
  readonly start: number;
  /** Bytes with all that it may load later. */
  readonly all: number;
  /** Module → what is loaded of it at once, as it was before it was minified. */
  readonly modules: ReadonlyMap<string, string>;
}

/**
 * @param folder where the imports are looked up from
 * @param code what the page does: it uses what it imports, or nothing is left of it
 * @param external packages that a program brings itself, or can do without
 */
export async function pageSize(folder: string, code: string, external: readonly string[] = []): Promise<PageSize> {
  const chunks = await chunksOf(folder, code, external);
  const sizes = new Map(chunks.map(({ fileName, code }) => [fileName, gzipSync(code, { level: 9 }).length]));
  const entry = chunks.find(({ isEntry }) => isEntry)?.fileName ?? '';
  const sum = (names: Iterable<string>): number => [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
  const atOnce = reached(chunks, entry);
  const modules = chunks.filter(({ fileName }) => atOnce.has(fileName)).flatMap((chunk) => Object.entries(chunk.modules));
  return {
    start: sum(atOnce),
    all: sum(reached(chunks, entry, true)),
    modules: new Map(modules.map(([name, module]) => [name, module.code ?? ''])),
  };
}

async function chunksOf(folder: string, code: string, external: readonly string[]): Promise<readonly Rolldown.OutputChunk[]> {
  const root = mkdtempSync(join(folder, '.page-'));
  try {
    const page = join(root, 'page.js');
    writeFileSync(page, code);
    const result = await build({
      configFile: false,
      logLevel: 'silent',
      root,
      build: {
        write: false,
        target: 'es2022',
        modulePreload: false,
        rolldownOptions: { input: page, external: external.map((name) => new RegExp(`^${name}(/|$)`)) },
      },
    });
    const { output } = (Array.isArray(result) ? result[0] : result) as Rolldown.RolldownOutput;
    return output.filter((file): file is Rolldown.OutputChunk => file.type === 'chunk');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A chunk and those it imports; `isLater`: also those it may load later. A bundler may emit others, which no page loads. */
function reached(chunks: readonly Rolldown.OutputChunk[], name: string, isLater = false, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const chunk = chunks.find(({ fileName }) => fileName === name);
  const needed = [...(chunk?.imports ?? []), ...(isLater ? (chunk?.dynamicImports ?? []) : [])];
  for (const each of needed) reached(chunks, each, isLater, seen);
  return seen;
}
