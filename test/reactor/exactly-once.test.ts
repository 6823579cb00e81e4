// Schedules of faults on a stand-in of the original server: what becomes of the writes of our client, with receipts and without, and of the
// official one. `npx tsx scripts/exactly-once.ts 1000` plays as many as docs/exactly-once.md has.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ClientName } from '../support/original/clients.ts';
import { type Counts, none, playSchedule, sum } from '../support/original/schedule.ts';
import { VirtualTime } from '../support/original/virtual-time.ts';

const seeds = 60;

describe('schedules of faults', () => {
  let time: VirtualTime;
  beforeAll(() => void (time = new VirtualTime()));
  afterAll(() => time.restore());

  const play = async (client: ClientName, server: 'original' | 'triplane', count = seeds): Promise<Counts> => {
    let counts = none;
    for (let seed = 1; seed <= count; seed += 1) counts = sum(counts, await playSchedule(seed, client, server, time));
    return counts;
  };
  const faultless = { writes: seeds * 18, lost: 0, doubled: 0, stale: 0, rejected: 0, diverged: 0 };

  it('with receipts every write is applied once', { timeout: 120_000 }, async () => {
    expect(await play('ours', 'original')).toEqual(faultless);
  });

  it('on a Triplane server every write is applied once without receipts', { timeout: 120_000 }, async () => {
    expect(await play('ours', 'triplane')).toEqual(faultless);
  });

  it(
    'without receipts no write is wrongly rejected, but the stand-in of the original server applies some twice',
    { timeout: 120_000 },
    async () => {
      const counts = await play('ours, without receipts', 'original', 20);
      expect(counts).toMatchObject({ rejected: 0, diverged: 0 });
      expect(counts.doubled).toBeGreaterThan(0);
      expect(counts.stale).toBeGreaterThan(0);
    },
  );

  it('the official client rejects writes that were applied, and applies others twice', { timeout: 120_000 }, async () => {
    const counts = await play('official', 'original', 20);
    expect(counts.doubled).toBeGreaterThan(0);
    expect(counts.rejected).toBeGreaterThan(0);
  });
});
