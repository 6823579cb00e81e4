// Dependencies, callbacks and states of a ledger.

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
 * `preparing`: a long write is being checked, or the log is being compacted, and memory contains the last durable state. `committing`: it
 * may contain writes that are not durable yet. `stale`: the log failed; memory contains the last durable state. `recovering`: as `stale`,
 * and the log is being read.
 */
export type LedgerPhase = 'idle' | 'preparing' | 'committing' | 'stale' | 'recovering' | 'closed';

/** In these, memory contains nothing that is not durable. */
export const cleanStates: ReadonlySet<LedgerPhase> = new Set(['idle', 'preparing', 'stale', 'recovering']);

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
