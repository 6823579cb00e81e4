// Access to the data for live queries, including reads that take long.

import type { Db } from '../../db/db.ts';
import type { Store } from '../../db/store.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { DataSnapshot } from '../data/snapshot.ts';
import { busy } from '../errors.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';
import type { JobOutcome, JobOwner, QueryJobs } from './query-jobs.ts';
import type { TxPosition } from './refresh.ts';

export interface QuerySource {
  readonly db: () => Store;
  /** The last durable transaction, or the given one. */
  readonly position: (txId?: number) => TxPosition;
  readonly attrs: () => readonly WireAttr[];
  readonly snapshot: () => DataSnapshot;
  readonly release: (snapshot: DataSnapshot) => void;
  /** Calls `run` when the data is durable, possibly immediately. */
  readonly whenClean: (run: () => void, failed: (error: unknown) => void) => void;
  readonly deliver: (outgoing: readonly Outgoing[]) => void;
  /** The session is too far behind. */
  readonly restart: (subscriber: Subscriber) => void;
}

type ReadingSource = Pick<QuerySource, 'snapshot' | 'release' | 'whenClean'>;

export interface Reading<T> {
  /** The owner of the work: owners take turns. */
  readonly owner: JobOwner;
  readonly steps: (db: Db) => Generator<void, T>;
  /** The data is durable, and may have changed since the snapshot. */
  readonly ended: (outcome: JobOutcome<T>, snapshot: DataSnapshot) => void;
  /** Whether the job is queued even if it could run immediately. */
  readonly isDeferred?: boolean;
}

/**
 * Reads the current data, in slices if it takes long. Call while the data is durable. `ended` may be called before this returns, and is not
 * called after the returned function was called.
 */
export function readSnapshot<T>(source: ReadingSource, jobs: QueryJobs, { owner, steps, ended, isDeferred }: Reading<T>): () => void {
  const snapshot = source.snapshot();
  let isOver = false;
  let isAtOnce = true;
  const finish = (outcome: JobOutcome<T>): void => {
    if (isOver) return;
    isOver = true;
    try {
      ended(outcome, snapshot);
    } finally {
      source.release(snapshot);
    }
  };
  const stop = jobs.start(
    owner,
    () => steps(snapshot.db),
    (outcome) => {
      if (isAtOnce) finish(outcome);
      else
        source.whenClean(
          () => finish(outcome),
          (error) => finish({ is: 'failed', error }),
        );
    },
    isDeferred,
  );
  isAtOnce = false;
  return () => {
    if (isOver) return;
    isOver = true;
    stop();
    source.release(snapshot);
  };
}

/** Long reads of one app's data. */
export class DataReader {
  readonly #source: ReadingSource;
  readonly #jobs: QueryJobs;

  constructor(source: ReadingSource, jobs: QueryJobs) {
    this.#source = source;
    this.#jobs = jobs;
  }

  /** Call while the data is durable, as it is again when `ended` is called. Returns a function that cancels the job. */
  read<T>(reading: Reading<T>): () => void {
    return readSnapshot(this.#source, this.#jobs, reading);
  }

  /** Can be called at any time. `left`: nobody waits for the result any longer. Rejects with InstantAPIError. */
  evaluate<T>(owner: JobOwner, steps: Reading<T>['steps'], left?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => reject(error instanceof Error ? error : new Error(String(error)));
      const ended = (outcome: JobOutcome<T>): void => (outcome.is === 'done' ? resolve(outcome.value) : failed(outcome.error));
      const begin = (): void => {
        if (left?.aborted) return failed(nobodyWaits());
        const cancel = this.read({ owner, steps, ended });
        left?.addEventListener('abort', () => {
          cancel();
          failed(nobodyWaits());
        });
      };
      this.#source.whenClean(begin, failed);
    });
  }
}

const nobodyWaits = (): Error => busy('The request was cancelled');

/** Whether the snapshot differs from the current data or catalog. */
export function isOutdated({ store, db }: DataSnapshot, current: Store): boolean {
  return store !== current || db.attrs !== current.attrs;
}
