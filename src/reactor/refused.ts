// What follows from the server refusing a write: it vanishes from every view, is kept for the app to read, and whatever needs an entity
// it was to make waits.

import type { InstantAPIError } from '../errors.ts';
import { type Effect, onward } from './effect.ts';
import type { OpenOrgans } from './organs.ts';
import { dropped, kept, type Write, writeRecord } from './write.ts';

export function refused({ outbox, queries, refusals }: OpenOrgans, write: Write, error: InstantAPIError, refusedAtMs: number): Effect[] {
  const { eventId } = write;
  const refusal: Write = { ...write, state: 'refused', error, refusedAtMs };
  refusals.set(eventId, refusal);
  return [
    ...[write, ...outbox.refuse(eventId)].flatMap((hidden) => queries.refused(hidden.eventId)),
    { do: 'store', edits: [dropped(write), kept(refusal)] },
    { do: 'tell', news: { type: 'refused', record: writeRecord(refusal) } },
    { do: 'settle', eventId, error },
    ...onward,
  ];
}
