// One subject, one workload, one size, in a process of its own: `run.js <subject> <workload> <n>`. Prints the outcome as JSON.

import { writeSync } from 'node:fs';

import type { Subject, WorkloadName } from './measure.ts';

const subjects: Readonly<Record<string, () => Promise<{ readonly subject: Subject }>>> = {
  triplane: () => import('./subjects/triplane.ts'),
  floor: () => import('./subjects/floor.ts'),
  instant: () => import('./subjects/instant.ts'),
  tanstack: () => import('./subjects/tanstack.ts'),
  zero: () => import('./subjects/zero.ts'),
};

const [name = '', workload = '', n = '10000'] = process.argv.slice(2);
const { subject } = (await subjects[name]?.()) ?? { subject: {} };
const run = subject[workload as WorkloadName];
const outcome = run ? await run(Number(n)) : undefined;
writeSync(1, `\n@@${JSON.stringify(outcome ?? null)}\n`);
process.exit(0);
