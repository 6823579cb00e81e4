// Runs our client and the official one through the same schedules of the simulator, on our server and on one that does not remember event ids.
//
//   npx tsx scripts/official-schedules.ts [SEEDS] [TABS]
//
// TABS: how many tabs of a browser may be open at a time.

import { compare } from '../test/simulator/official/figures.ts';

const [seeds = 500, mostTabs = 3] = process.argv.slice(2).map(Number);
console.table(await compare(seeds, mostTabs));
process.exit(0);
