// Two runs. `npm test` has three projects: tests that read the sources, those of them that also run with React 18, and tests of the built package.
// `npm run test:long` has what takes minutes: recordings of the original server, large property tests, processes that are killed, whole examples,
// and the declarations in other projects. Types are tsc's affair.

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

import { patienceMs } from './test/support/eventually.ts';
import { react18 } from './test/support/react-18.ts';
import { entries } from './tsup.config.ts';

const built = ['test/package/**/*.test.ts', 'test/readme.test.ts'];
const long = [
  'test/browser/move.test.ts',
  'test/connection/traces.test.ts',
  'test/demo/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/interop/instant-cli.test.ts',
  'test/interop/mcp.test.ts',
  'test/interop/reference-weaknesses/**/*.test.ts',
  'test/nextjs/docs.test.ts',
  'test/oracle/**/*.test.ts',
  'test/original/**/*.test.ts',
  'test/reactor/exactly-once.test.ts',
  'test/reactor/queries/optimistic-updates.property.test.ts',
  'test/server/data/reload.test.ts',
  'test/server/files/files.test.ts',
  'test/server/move/killed.test.ts',
  'test/server/queries/subscription-index.test.ts',
  'test/server/session/budgets.test.ts',
  'test/server/storage/kill.test.ts',
  'test/server/storage/processes.test.ts',
  'test/simulator/official/compared.test.ts',
  'test/simulator/planted-bugs.test.ts',
  'test/types/official.test.ts',
];
const longBuilt = [
  'test/package/consumer.test.ts',
  'test/package/installed-example.test.ts',
  'test/package/next-build.test.ts',
  'test/package/publish.test.ts',
  'test/package/rooms-guide.test.ts',
  'test/package/testing-guide.test.ts',
];
/** Where nothing is known of earlier runs, small files come last, and these are small. Begun last, they would run alone. */
const begunFirst = ['test/simulator/simulator.test.ts', 'test/simulator/planted-bugs.test.ts'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isFirst = ({ moduleId }: TestSpecification): boolean => begunFirst.some((file) => moduleId.endsWith(file));
    const sorted = await super.sort(files);
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))];
  }
}

const report = process.env['TEST_REPORT'];

export default defineConfig({
  resolve: {
    alias: Object.entries(entries).map(([name, source]) => ({
      find: new RegExp(`^${name}$`),
      replacement: fileURLToPath(new URL(source, import.meta.url)),
    })),
  },
  test: {
    // A slow machine fails no test: patience costs time only where a test fails.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: patienceMs } },
    sequence: { sequencer: LongestFirst },
    // Most tests wait for sockets, browsers and databases: with a worker for each core, a small machine is idle a third of the time.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      { extends: true, test: { name: 'source', include: ['test/**/*.test.ts', 'test/**/*.test.tsx'], exclude: [...built, ...long] } },
      {
        extends: true,
        resolve: { alias: react18 },
        test: { name: 'react-18', include: ['test/react/**/*.test.tsx'], globalSetup: 'test/support/react-18.ts' },
      },
      {
        extends: true,
        test: { name: 'package', include: built, exclude: longBuilt, globalSetup: 'test/support/build.ts', testTimeout: 120_000 },
      },
      // The transcripts of the recordings, which run at the same time, mostly wait for silence.
      { extends: true, test: { name: 'long', include: long, testTimeout: 60_000, maxConcurrency: 20 } },
      {
        extends: true,
        test: { name: 'long-package', include: longBuilt, globalSetup: 'test/support/build.ts', testTimeout: 120_000 },
      },
    ],
  },
});
