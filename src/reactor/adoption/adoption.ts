// What the official client (`@instantdb/core`) left on the device is taken over once per app: the session, pending writes, local ids and
// cached results. Its database is only read. These are the types, and the record that says it was done; the work is a lazily loaded chunk.

import type { AdoptionEvent } from '../../types/events.ts';

export type AdoptionSummary = Pick<AdoptionEvent, 'userId' | 'writes' | 'localIds' | 'results' | 'skipped'>;

export interface Adopted extends AdoptionSummary {
  /** The records of the writes, for other tabs. */
  readonly records: readonly unknown[];
}

export interface Adoption {
  /** The first start of the app: everything. Undefined if there is nothing, or another start took it. */
  first(): Promise<Adopted | undefined>;
  /** A later start: writes that a tab with the official client stored since. */
  later(): Promise<Adopted | undefined>;
}

/** The key of the record. */
export const adoptionKey = 'adopted';

export interface AdoptionRecord {
  readonly atMs: number;
  /** The writes that were taken over; they stay in the official database. */
  readonly eventIds: readonly string[];
}
