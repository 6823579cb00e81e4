// What follows from the server refusing a write: it vanishes from every view, is kept for the app to read, and whatever needs an entity
// it was to make waits.

import type { TriplaneError } from '../errors.ts';
import type { Effect } from './effect.ts';
import type { Organs } from './organs.ts';
import { type Write, writeRecordKey } from './write.ts';

export function refused({ outbox, queries, refusals }: Organs, write: Write, error: TriplaneError, nowMs: number): Effect[] {
  const parked = outbox.refuse(write.eventId);
  return [
    ...[write, ...parked].flatMap(({ eventId }) => queries.refused(eventId)),
    { do: 'store', edits: [{ remove: writeRecordKey(write) }, ...refusals.add({ write, error, refusedAtMs: nowMs })] },
    { do: 'settle', eventId: write.eventId, error },
    { do: 'prune' },
    { do: 'announce', what: 'outbox' },
    { do: 'flush' },
  ];
}
