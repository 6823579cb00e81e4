// Builds the simulator with one bug in it.

import { build, type Plugin } from 'esbuild';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Edit, PlantedBug } from './bugs.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The source with the edit made. @throws if the text to replace is not there exactly once */
export function edited(source: string, { file, find, replace }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`src/${file} has the text to replace ${parts.length - 1} times, not once: ${find}`);
  return parts.join(replace);
}

export function sourceOf(file: string): string {
  return readFileSync(join(root, 'src', file), 'utf8');
}

function planting({ edits }: PlantedBug): Plugin {
  return {
    name: 'planted-bug',
    setup({ onLoad }) {
      // No other file is asked about: that takes as long as the build.
      const names = edits.map(({ file }) => file.replace(/^.*\//, '').replaceAll('.', '\\.'));
      onLoad({ filter: new RegExp(`[/\\\\]src[/\\\\](.*[/\\\\])?(${names.join('|')})$`) }, ({ path }) => {
        const file = relative(join(root, 'src'), path).replaceAll('\\', '/');
        const own = edits.filter((edit) => edit.file === file);
        return own.length === 0 ? undefined : { contents: own.reduce(edited, sourceOf(file)), loader: 'ts' };
      });
    },
  };
}

/** @returns the text of a module that exports `simulate`, with no bug unless one is given */
export async function buildSimulator(bug?: PlantedBug): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(root, 'test/simulator/simulate.ts')], bundle: true, format: 'esm', platform: 'node', write: false },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    ...{ plugins: bug ? [planting(bug)] : [], logLevel: 'silent', absWorkingDir: root, outdir: 'out' },
  });
  return outputFiles?.[0]?.text ?? '';
}
