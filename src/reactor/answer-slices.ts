// Big answers on their way to the store and back, part by part: after a slice others have their turn. Loaded when the first big one
// is there.

import { Breath, type Slices, systemSlices } from '../lib/breath.ts';
import type { QueryAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import type { Edit } from '../storage/key-value.ts';
import type { ReadAhead } from './ahead.ts';
import { type BaseJob, lastWritten, partEdit, type Recalled, triplesIn } from './answer-cache.ts';
import type { LiveQuery } from './live-query.ts';
import { readAhead } from './read-ahead.ts';

export interface SliceConfig {
  /** Where slices are not asked for, a base is written in some all the same: nobody waits for it. */
  readonly yieldEvery?: number | undefined;
  readonly slices?: Slices | undefined;
}

const usualMs = 16;
/** Rows or triples; fewer than a list would sort anew. */
const atOnce = 400;

function breathOf({ yieldEvery = usualMs, slices = systemSlices }: SliceConfig): Breath {
  return new Breath(slices, yieldEvery, atOnce);
}

/** Hands out the parts of a base. Gives how much there was, in characters; undefined if it is no longer wanted. */
export async function writeBase(
  job: BaseJob,
  config: SliceConfig,
  put: (edit: Edit) => void,
  isWanted: () => boolean,
): Promise<number | undefined> {
  const breath = breathOf(config);
  let size = 0;
  for (let at = 0; at < job.parts.length; at++) {
    if (breath.isDue) await breath.take();
    if (!isWanted()) return undefined;
    const edit = partEdit(job, at);
    size += edit.value.text.length;
    put(edit);
  }
  return size;
}

/** A kept answer, and what will be shown of it. Undefined if it is no longer wanted. */
export async function readKept(
  live: LiveQuery,
  { records, pageInfo, aggregate }: Recalled,
  config: SliceConfig,
  isWanted: () => boolean,
): Promise<{ readonly answer: QueryAnswer; readonly ahead: ReadAhead | undefined } | undefined> {
  const breath = breathOf(config);
  const written = lastWritten(records);
  const triples: Triple[] = [];
  for (const [at, record] of records.entries()) {
    for (const triple of triplesIn(record, at, written)) triples.push(triple);
    if (breath.isDue) await breath.take();
    if (!isWanted()) return undefined;
  }
  const answer = { triples, pageInfo, aggregate };
  const ahead = await readAhead(live.view, answer, { breath, isWanted, told: () => {} });
  return isWanted() ? { answer, ahead } : undefined;
}
