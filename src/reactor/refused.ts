// What follows from the server refusing a write: it vanishes from every view, is kept for the app to read, and whatever needs an entity
// it was to make waits.

import type { TriplaneError } from '../errors.ts';
import type { Effect } from './effect.ts';
import type { Organs } from './organs.ts';
import { type Refusal, refusalRecord } from './refusal.ts';
import { type Write, writeRecordKey } from './write.ts';

export function refused({ outbox, queries, refusals }: Organs, write: Write, error: TriplaneError, nowMs: number): Effect[] {
  const parked = outbox.refuse(write.eventId);
  const refusal: Refusal = { write, error, refusedAtMs: nowMs };
  return [
    ...[write, ...parked].flatMap(({ eventId }) => queries.refused(eventId)),
    { do: 'store', edits: [{ remove: writeRecordKey(write) }, ...refusals.add(refusal)] },
    { do: 'tell', news: { type: 'refused', record: refusalRecord(refusal) } },
    { do: 'settle', eventId: write.eventId, error },
    { do: 'prune' },
    { do: 'announce', what: 'outbox' },
    { do: 'flush' },
  ];
}
