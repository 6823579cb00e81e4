// `npx tsx scripts/planted-bugs.ts [most seeds]`: plants each bug of test/simulator/planted/bugs.ts in turn, and tells at which seed the simulator
// finds it, and by what; the test of the bugs tries that seed first. Ends with 1 if one is not found.

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { plantedBugs } from '../test/simulator/planted/bugs.ts';
import { hunt } from '../test/simulator/planted/hunt.ts';
import { buildSimulator } from '../test/simulator/planted/plant.ts';

const most = Number(process.argv[2] ?? 400);
const seeds: number[] = [];
const foundAt: Record<string, number> = {};
const clean = await buildSimulator();
const queue = [...plantedBugs];
async function huntInTurn(): Promise<void> {
  for (let bug = queue.shift(); bug; bug = queue.shift()) {
    const found = await hunt({ simulator: await buildSimulator(bug), clean, profile: bug.profile }, most);
    seeds.push(found.seeds ?? Infinity);
    if (found.seeds !== undefined) foundAt[bug.name] = found.seeds;
    console.log(`${String(found.seeds ?? 'not found').padStart(9)}  ${bug.name}: ${found.violation.slice(0, 120)}`);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, huntInTurn));
const sorted = Object.fromEntries(plantedBugs.flatMap(({ name }) => (name in foundAt ? [[name, foundAt[name]]] : [])));
writeFileSync(new URL('../test/simulator/planted/found-at.json', import.meta.url), `${JSON.stringify(sorted, undefined, 2)}\n`);
seeds.sort((a, b) => a - b);
console.log(`${seeds.length} bugs, median ${seeds[Math.floor(seeds.length / 2)]}`);
process.exitCode = seeds.at(-1) === Infinity ? 1 : 0;
