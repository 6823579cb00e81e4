// A write as the ledger takes it, and its outcome.

import type { Attrs } from '../../db/attrs.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { Store } from '../../db/store.ts';
import type { InstantAPIError } from '../../errors.ts';
import type { Event, Records } from '../storage/storage.ts';
import type { Actor } from './system-rules.ts';

export interface Write {
  /** Or a function that makes them from the data at the time the write is executed. */
  readonly steps: Steps | ((state: LedgerState) => Planned);
  /** Undefined = repetitions are not recognised. */
  readonly event: Event | undefined;
  readonly actor: Actor;
  readonly settle: (outcome: Outcome) => void;
}

export type Steps = readonly (readonly unknown[])[];

export interface LedgerState {
  readonly db: Store;
  readonly records: ReadonlyMap<string, unknown>;
  readonly at: number;
}

export interface Planned {
  readonly steps: Steps;
  readonly records?: Records | undefined;
}

export type Outcome =
  { readonly is: 'done'; readonly txId: number; readonly isRepeat: boolean } | { readonly is: 'rejected'; readonly error: InstantAPIError };

/** What else a transaction changes in the records, given what it does to the data. */
export type Derive = (changeSet: ChangeSet, transaction: DerivedFrom) => Records | undefined;

export interface DerivedFrom {
  /** The data and the records as they were. */
  readonly before: Store;
  readonly records: ReadonlyMap<string, unknown>;
  /** As they will be. */
  readonly attrs: Attrs;
  readonly txId: number;
  readonly at: number;
}

/** What the writer changes itself counts. */
export function withDerived(records: Records | undefined, derived: Records | undefined): Records | undefined {
  return derived ? { ...derived, ...records } : records;
}
