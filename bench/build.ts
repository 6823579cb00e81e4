// The program of one measurement, as one file per subject: what is measured runs as it would in a bundle.

import { build } from 'esbuild';

export const outFolder = new URL('.out/', import.meta.url).pathname;

export async function buildRunner(): Promise<string> {
  await build({
    entryPoints: [new URL('run.ts', import.meta.url).pathname],
    outdir: outFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
    keepNames: false,
  });
  return `${outFolder}run.js`;
}
