// A write as submitted to the ledger, and its result.

import type { Attrs } from '../../db/attrs.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { Store } from '../../db/store.ts';
import type { InstantAPIError } from '../../errors.ts';
import type { Event, Records } from '../storage/storage.ts';
import type { Now } from './age.ts';
import type { Actor } from './system-rules.ts';

export interface Write {
  /** Or a function that derives them from the data when the write is executed. */
  readonly steps: Steps | ((state: LedgerState) => Planned | Planning);
  /** Undefined: repetitions are not recognised. */
  readonly event: Event | undefined;
  readonly actor: Actor;
  /** How many steps the function derives, about. Default: few. */
  readonly size?: number | undefined;
  readonly settle: (outcome: Outcome) => void;
}

export type Steps = readonly (readonly unknown[])[];

export interface LedgerState extends Now {
  readonly db: Store;
  readonly records: ReadonlyMap<string, unknown>;
}

export interface Planned {
  readonly steps: Steps;
  readonly records?: Records | undefined;
}

export type Outcome =
  { readonly is: 'done'; readonly txId: number; readonly isRepeat: boolean } | { readonly is: 'rejected'; readonly error: InstantAPIError };

/** Yields where others can be served. */
export type Planning = Generator<void, Planned>;

/** Record changes that follow from a transaction's changes to the data. A generator: yields where others can be served. */
export type Derive = (changeSet: ChangeSet, transaction: DerivedFrom) => Generator<void, Records | undefined>;

export interface DerivedFrom {
  /** Data and records before the transaction. */
  readonly before: Store;
  readonly records: ReadonlyMap<string, unknown>;
  /** Records after it. */
  readonly attrs: Attrs;
  readonly txId: number;
  readonly at: number;
}

/** Changes made by the writer itself take precedence. */
export function withDerived(records: Records | undefined, derived: Records | undefined): Records | undefined {
  return derived ? { ...derived, ...records } : records;
}
