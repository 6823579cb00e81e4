// `npx tsx scripts/planted-bugs.ts [most seeds]`: plants each bug of test/simulator/planted/bugs.ts in turn, and tells at which seed the simulator
// finds it, and by what. Ends with 1 if one is not found.

import { plantedBugs } from '../test/simulator/planted/bugs.ts';
import { hunt } from '../test/simulator/planted/hunt.ts';
import { buildSimulator } from '../test/simulator/planted/plant.ts';

const most = Number(process.argv[2] ?? 400);
const seeds: number[] = [];
for (const bug of plantedBugs) {
  const found = await hunt(await buildSimulator(bug), most);
  seeds.push(found.seeds ?? Infinity);
  console.log(`${String(found.seeds ?? 'not found').padStart(9)}  ${bug.name}: ${found.violation.slice(0, 120)}`);
}
seeds.sort((a, b) => a - b);
console.log(`${seeds.length} bugs, median ${seeds[Math.floor(seeds.length / 2)]}`);
process.exitCode = seeds.at(-1) === Infinity ? 1 : 0;
