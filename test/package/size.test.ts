// What an import costs a page: bundled with all it brings, minified, gzipped, held against the table `sizes` in package.json.

import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { manifest, packedProject, type Project, type SizeLimit } from '../support/packed.ts';

let project: Project;

beforeAll(() => void (project = packedProject()));
afterAll(() => project.remove());

async function measure({ import: names, from }: SizeLimit): Promise<number> {
  const imported = names === '*' ? '* as all' : names;
  const used = names === '*' ? 'all' : names;
  const result = await build({
    stdin: { contents: `import ${imported} from '${from}'; console.log(${used});`, resolveDir: project.folder },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: from === 'triplane/server' ? 'node' : 'browser',
    external: Object.keys(manifest.peerDependencies ?? {}),
    logLevel: 'silent',
  });
  return gzipSync(result.outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

test.each(manifest.sizes)('import $import from $from is at most $limit bytes', async (row) => {
  expect(await measure(row)).toBeLessThanOrEqual(row.limit);
});
