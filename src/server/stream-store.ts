// What of streams goes into the log, and out of it.

import type { Report } from '../db/report.ts';
import type { Ledger } from './ledger.ts';
import { server, stepsFor, streamById, streamsEtype } from './stream-entities.ts';
import { type NewPart, partRecord } from './stream-parts.ts';
import { noSuchStream, type Streams } from './streams.ts';
import { submit } from './submit.ts';
import type { Held, Planned } from './write.ts';

export async function storePart(ledger: Ledger, part: NewPart): Promise<void> {
  const { streamId, to, end } = part;
  const ended = end && { done: true, ...(end.abortReason !== undefined && { abortReason: end.abortReason }) };
  const planned = ({ db }: Held): Planned => {
    if (!streamById(db, streamId)) throw noSuchStream(streamId);
    return { steps: stepsFor(db, streamId, { size: to, ...ended }), records: partRecord(part) };
  };
  await submit(ledger, { steps: planned, event: undefined, actor: server });
}

/** Those whose entity was deleted. */
export function forgetStreams(streams: Streams, ledger: Ledger, report: Report): void {
  for (const [id, { after }] of report.get(streamsEtype) ?? []) {
    if (after?.exists(ledger.db.attrs.idAttr(streamsEtype))) continue;
    const records = streams.removed(id);
    if (Object.keys(records).length === 0) continue;
    void submit(ledger, { steps: () => ({ steps: [], records }), event: undefined, actor: server }).catch(() => {});
  }
}
