// Keeps a copy in sync with a source that is still in use, reports how far behind it is and when switching is safe, and ends with a copy
// that equals the source, on request or when the source no longer accepts writes.

import { type SettleConfig, type Settled, settle, step } from './settle.ts';

export interface FollowConfig {
  /** Resolves when the switch is requested. */
  readonly switched: Promise<void>;
  /** Interval between checks for changes that the source does not push. */
  readonly everyMs: number;
  readonly print: (line: string) => void;
}

/** Rejects when following is cancelled. */
export async function follow(config: SettleConfig, { switched, everyMs, print }: FollowConfig): Promise<Settled> {
  const { app, copy } = config;
  const wanted = { isAsked: false };
  const asked = switched.then(() => void (wanted.isAsked = true));
  const first = await settle(config);
  print(first.isSame ? safe(copy.txId) : `The source is written to faster than it is compared; the copy goes on`);
  const isOver = (): boolean => wanted.isAsked || copy.status !== 'active';
  let tookMs = 0;
  while (!isOver()) {
    const before = copy.changes;
    // A check reads all has-many links: the source should spend more time without a check than with one.
    await Promise.race([asked, app.wait(Math.max(everyMs, 2 * tookMs))]);
    const from = performance.now();
    const isMended = await step(config);
    tookMs = performance.now() - from;
    const count = copy.changes - before;
    if (count > 0 || isMended) print(`${behind(count, isMended)}. ${safe(copy.txId)}`);
  }
  print(wanted.isAsked ? 'Switching: the last changes are taken over' : `The source is ${copy.status}: the last changes are taken over`);
  return settle(config);
}

const safe = (txId: number): string =>
  `The copy is at transaction ${txId}, 0 behind. It is safe to switch: set the old app to read-only or stop what writes to it, then press Enter`;

function behind(count: number, isMended: boolean): string {
  const told = `${count} ${count === 1 ? 'transaction' : 'transactions'}`;
  return isMended ? `Was behind by ${told}, and by links or files` : `Was behind by ${told}`;
}
