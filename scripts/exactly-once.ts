// Plays schedules of faults on a stand-in of the original server, for our client and the official one: what became of their writes.
//
//   npx tsx scripts/exactly-once.ts [SEEDS]

import type { ClientName } from '../test/support/original/clients.ts';
import { type Counts, none, playSchedule, sum } from '../test/support/original/schedule.ts';
import { VirtualTime } from '../test/support/original/virtual-time.ts';

const seeds = Number(process.argv[2] ?? 1_000);
const only = process.argv[3];
const clients: readonly ClientName[] = ['ours', 'ours, without receipts', 'official'];

const rows: (Counts & { client: string })[] = [];
const time = new VirtualTime();
for (const client of clients) {
  if (only && client !== only) continue;
  let counts = none;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const found = await playSchedule(seed, client, 'original', time);
    const { lost, doubled, stale, rejected, diverged } = found;
    if (client === 'ours' && lost + doubled + stale + rejected + diverged > 0) console.log('seed', seed, JSON.stringify(found));
    counts = sum(counts, found);
  }
  rows.push({ client, ...counts });
}
time.restore();
console.table(rows);
process.exit(0);
