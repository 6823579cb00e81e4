// `npm run soak [seeds] [first seed]`: schedules of the simulator, one after the other. A seed that fails is printed with a shortened story, and
// run again by `npm run soak 1 <seed>`. Ends with 1 if any failed.

import { openSeeds } from '../test/simulator/open-seeds.ts';
import { shrink, simulate } from '../test/simulator/simulate.ts';

const [seeds = 20_000, first = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number);
const totals = { writes: 0, faults: 0, failed: 0, open: 0 };
const startedAt = performance.now();
for (let seed = first; seed < first + seeds; seed += 1) {
  const { violations, writes, faults } = await simulate({ seed });
  totals.writes += writes;
  totals.faults += faults;
  if (violations.length === 0) continue;
  if (openSeeds.has(seed)) {
    totals.open += 1;
    continue;
  }
  totals.failed += 1;
  const { story } = await shrink(seed);
  console.error([`✗ seed ${seed}`, ...story.map((line) => `    ${line}`), ...violations.map((line) => `  ! ${line}`)].join('\n'));
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(
  `${seeds} seeds from ${first}: ${totals.writes} writes, ${totals.faults} faults, ${totals.failed} failed, ${totals.open} open, in ${seconds} s`,
);
process.exitCode = totals.failed === 0 ? 0 : 1;
