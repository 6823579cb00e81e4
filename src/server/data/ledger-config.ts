// Dependencies, callbacks and states of a ledger, and how long it waits.

import type { Random } from '../../lib/random.ts';
import type { FollowerConfig } from './log-follower.ts';
import type { StoredSize } from './stored-size.ts';
import type { AuthorizeWrite } from './touched.ts';
import type { Derive } from './write.ts';

export interface LedgerConfig extends FollowerConfig {
  readonly random: Random;
  readonly rememberMs: number;
  readonly rememberBytes: number;
  /** Throws if the transaction is not permitted. */
  readonly authorizeWrite?: AuthorizeWrite | undefined;
  readonly derive?: Derive | undefined;
  /** Counts what is stored, and may limit it. */
  readonly size?: StoredSize | undefined;
}

/**
 * `preparing`: a long write is being checked, or the log is being compacted, and memory contains the last durable state as long as the
 * replica is whole. `committing`: it
 * may contain writes that are not durable yet. `stale`: the log failed; memory contains the last durable state. `recovering`: as `stale`,
 * and the log is being read.
 */
export type LedgerPhase = 'idle' | 'preparing' | 'committing' | 'stale' | 'recovering' | 'closed';

/** In these, memory contains nothing that is not durable. */
export const cleanStates: ReadonlySet<LedgerPhase> = new Set(['idle', 'preparing', 'stale', 'recovering']);

export const patience = {
  /** How often a group is retried after concurrent commits before other servers have to wait for it. */
  maxHastyAttempts: 5,
  /** How often before its writes are rejected, if others cannot be made to wait. */
  maxAttempts: 50,
  /** Compaction waits for a pause between writes until the log exceeds its target size by this factor. */
  overdueLength: 4,
  /** A log that has not responded for this long counts as slow: reads then use the last durable state. */
  slowLogMs: 1000,
  /** Retry interval while the log cannot be read. */
  minRetryMs: 500,
  maxRetryMs: 5000,
} as const;

/** A read of durable state. */
export interface Reader {
  readonly run: () => void;
  /** Receives errors that prevent the read, and exceptions of `run`. */
  readonly reject: (error: unknown) => void;
}

export function runReader({ run, reject }: Reader): void {
  try {
    run();
  } catch (error) {
    reject(error);
  }
}
