// `npm run soak [seeds] [first seed]`: schedules of the simulator, one after the other; with `-- --crowded`, those of few devices with many tabs.
// A seed that fails is printed with a shortened story, and run again by `npm run soak 1 <seed>`; `--trace` adds what the tabs sent, received and
// showed. Ends with 1 if any failed. Ctrl-C ends it early, with the figures so far.

import { parseArgs } from 'node:util';

import { type RunResult, shrink, simulate } from '../test/simulator/simulate.ts';

const flag = { type: 'boolean', default: false } as const;
const { positionals, values } = parseArgs({ allowPositionals: true, options: { trace: flag, crowded: flag } });
const [seeds = 20_000, first = Math.floor(Math.random() * 2 ** 31)] = positionals.map(Number);
const profile = values.crowded ? 'crowded' : 'mixed';
const totals = { seeds: 0, writes: 0, faults: 0, failed: 0 };
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isInterrupted = true));

const startedAt = performance.now();
for (let seed = first; seed < first + seeds && !isInterrupted; seed += 1) {
  const { violations, writes, faults } = await simulate({ seed, profile });
  totals.seeds += 1;
  totals.writes += writes;
  totals.faults += faults;
  // The loop of the process takes signals only between tasks.
  await new Promise((resolve) => setImmediate(resolve));
  if (violations.length === 0) continue;
  totals.failed += 1;
  await report(await shrink(seed, profile));
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(
  `${totals.seeds} seeds from ${first}: ${totals.writes} writes, ${totals.faults} faults, ${totals.failed} failed, in ${seconds} s`,
);
process.exitCode = totals.failed === 0 ? 0 : 1;

async function report({ seed, only, story, violations }: RunResult): Promise<void> {
  console.error([`✗ seed ${seed}`, ...story.map((line) => `    ${line}`), ...violations.map((line) => `  ! ${line}`)].join('\n'));
  if (values.trace) await simulate({ seed, profile, only, trace: (line) => console.log(line.slice(0, 500)) });
  else
    console.error(`  npm run soak 1 ${seed} -- ${values.crowded ? '--crowded ' : ''}--trace shows what each tab sent, received and showed`);
}
