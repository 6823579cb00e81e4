// Three groups of tests: those that read the sources, those of them that run with React 18 too, and those that need the package as it is built. Types are tsc's affair.

import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

import { react18 } from './test/support/react-18.ts';
import { entries } from './tsup.config.ts';

const built = ['test/package/**/*.test.ts', 'test/readme.test.ts'];
const report = process.env['TEST_REPORT'];

export default defineConfig({
  resolve: {
    alias: Object.entries(entries).map(([name, source]) => ({
      find: new RegExp(`^${name}$`),
      replacement: fileURLToPath(new URL(source, import.meta.url)),
    })),
  },
  test: {
    testTimeout: 20_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      { extends: true, test: { name: 'source', include: ['test/**/*.test.ts', 'test/**/*.test.tsx'], exclude: built } },
      {
        extends: true,
        resolve: { alias: react18 },
        test: { name: 'react-18', include: ['test/react/**/*.test.tsx'], globalSetup: 'test/support/react-18.ts' },
      },
      { extends: true, test: { name: 'package', include: built, globalSetup: 'test/support/build.ts', testTimeout: 120_000 } },
    ],
  },
});
