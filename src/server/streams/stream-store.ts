// Stream data written to the log and read from it.

import type { ChangeSet } from '../../db/change-set.ts';
import type { Ledger } from '../data/ledger.ts';
import { stepsFor, streamById, streamsEtype } from './stream-entities.ts';
import { type NewStreamPart, partRecord } from './stream-parts.ts';
import { noSuchStream, type Streams } from './streams.ts';
import { submit } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import type { LedgerState, Planned } from '../data/write.ts';

export async function storePart(ledger: Ledger, part: NewStreamPart): Promise<void> {
  const { streamId, to, end } = part;
  const atEnd = end && { size: to, done: true, ...(end.abortReason !== undefined && { abortReason: end.abortReason }) };
  const planned = ({ db }: LedgerState): Planned => {
    if (!streamById(db, streamId)) throw noSuchStream(streamId);
    // The row stays as it is until the end: those who watch it hear of streams, not of their parts.
    return { steps: atEnd ? stepsFor(db, streamId, atEnd) : [], records: partRecord(part) };
  };
  await submit(ledger, { steps: planned, event: undefined, actor: serverActor });
}

/** Streams whose entity was deleted. */
export function forgetStreams(streams: Streams, ledger: Ledger, changeSet: ChangeSet): void {
  for (const [id, { after }] of changeSet.get(streamsEtype) ?? []) {
    if (after?.exists(ledger.db.attrs.idAttr(streamsEtype))) continue;
    const records = streams.removed(id);
    if (Object.keys(records).length === 0) continue;
    void submit(ledger, { steps: () => ({ steps: [], records }), event: undefined, actor: serverActor }).catch(() => {});
  }
}
