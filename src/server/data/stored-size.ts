// How much one app stores, in estimated bytes: triples, attrs, records, and the files that records name. An app with a limit that has reached
// it accepts only what does not make it larger.

import { overLimit } from '../errors.ts';
import { locationIn, type LocationRecord } from '../files/file-entities.ts';
import { sliceItems } from '../slices.ts';
import { sizeOfEntry } from '../storage/entry-size.ts';
import type { LogEntry, Snapshot } from '../storage/storage.ts';

type RecordMap = ReadonlyMap<string, unknown>;

/** What the size of an entry depends on. */
export interface StoredBefore {
  readonly records: RecordMap;
  readonly hasAttr: (id: string) => boolean;
}

/** Two ids, a time and the row. */
const perTriple = 150;
/** Records of the server itself, such as tokens, may exceed the limit by this share, so that a full app can still be used and closed. */
const ownShare = 0.1;

export class StoredSize {
  bytes = 0;
  readonly #limit: (records: RecordMap) => number | undefined;

  /** `limit`: by the app's records; undefined = none. */
  constructor(limit: (records: RecordMap) => number | undefined = () => undefined) {
    this.#limit = limit;
  }

  /** The bytes of a snapshot, in steps: yields where others can be served. */
  *countSteps({ triples, attrs, deletedAttrs, records = {} }: Snapshot): Generator<void, number> {
    let bytes = 0;
    for (const attr of [...attrs, ...deletedAttrs]) bytes += sizeOfEntry(attr);
    for (const [name, value] of Object.entries(records)) bytes += sizeOfRecord(name, value);
    for (const [at, [, , value]] of triples.entries()) {
      bytes += perTriple + sizeOfEntry(value);
      if (at % sliceItems === sliceItems - 1) yield;
    }
    return bytes;
  }

  /** By how much an entry makes the app larger, in steps. */
  *growthSteps(
    { changes, attrs, records = {} }: Pick<LogEntry, 'changes' | 'attrs' | 'records'>,
    before: StoredBefore,
  ): Generator<void, number> {
    let grown = 0;
    for (const [at, { action, triple }] of changes.entries()) {
      grown += (action === 'added' ? 1 : -1) * (perTriple + sizeOfEntry(triple[2]));
      if (at % sliceItems === sliceItems - 1) yield;
    }
    // Deleted attrs are kept, so that they can be restored.
    for (const attr of attrs?.put ?? []) if (!before.hasAttr(attr.id)) grown += sizeOfEntry(attr);
    for (const [name, value] of Object.entries(records)) grown += sizeOfRecord(name, value) - sizeOfRecord(name, before.records.get(name));
    return grown;
  }

  /** `isOwn`: by the server itself, and no data. @throws InstantAPIError 'validation-failed' */
  check(grown: number, records: RecordMap, isOwn: boolean): void {
    const limit = grown > 0 ? this.#limit(records) : undefined;
    if (limit !== undefined && this.bytes + grown > limit * (isOwn ? 1 + ownShare : 1)) {
      throw overLimit('ephemeralAppBytes', limit, 'bytes of data and files of an ephemeral app');
    }
  }
}

function sizeOfRecord(name: string, value: unknown): number {
  if (value === undefined || value === null) return 0;
  const file = locationIn(name) === undefined ? 0 : (value as LocationRecord).size;
  return perTriple + sizeOfEntry(value) + file;
}
