// A write as the ledger takes it, and what became of it.

import type { ChangeSet } from '../../db/change-set.ts';
import type { Store } from '../../db/store.ts';
import type { InstantAPIError } from '../../errors.ts';
import type { Event, Records } from '../storage/storage.ts';
import type { Actor } from './system-rules.ts';

export interface Write {
  /** Or what makes them, of the data as it is when their turn has come. */
  readonly steps: Steps | ((state: LedgerState) => Planned);
  /** Undefined = the sender does not want to be recognised. */
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
  /** `isMended`: not all of it is as it was sent (an attr has another id here), so the sender needs the catalogue. */
  | { readonly is: 'done'; readonly txId: number; readonly isRepeat: boolean; readonly attrsRemapped: boolean }
  | { readonly is: 'refused'; readonly error: InstantAPIError };

/** What else a transaction changes in the records, given what it does to the data as they were before. */
export type Derive = (changeSet: ChangeSet, before: Store) => Records | undefined;

/** What the writer changes itself counts. */
export function withDerived(records: Records | undefined, derived: Records | undefined): Records | undefined {
  return derived ? { ...derived, ...records } : records;
}
