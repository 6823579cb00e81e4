// The promise that `transact` returns. It resolves like InstantDB's: when the write is stored if there is no session, when it is confirmed if
// there is one. `queued` and `settled` are promises for each of the two.

import type { TriplaneError } from '../../errors.ts';
import { onAbort } from '../../lib/abort.ts';
import type { TransactionResult } from '../../types/database.ts';

/**
 * @example
 * const write = db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
 * await write.queued; // on disk: it outlives this page
 * await write.settled; // the server has it; rejects with an `InstantAPIError` if it was refused, with 'user-changed' if its user left first
 */
export interface WritePromise extends Promise<TransactionResult> {
  readonly queued: Promise<TransactionResult>;
  readonly settled: Promise<TransactionResult>;
}

interface Stage {
  readonly promise: Promise<TransactionResult>;
  readonly resolve: (result: TransactionResult) => void;
  readonly reject: (error: unknown) => void;
}

export class DeferredWrite {
  readonly promise: WritePromise;
  readonly queued = stage();
  readonly settled = stage();
  hasListener = false;
  readonly #eventId: string;
  readonly #resolveWhenQueued: boolean;
  readonly #onSettled: () => void;
  readonly #main: Stage;
  #isPersisted = false;
  #isAborted = false;
  /** Its user signed out or the database was closed: the reason why the outcome will not be known here. */
  #detachedBy: TriplaneError | undefined;
  /** Removes the listener from the caller's signal. */
  #unlinkSignal = (): void => {};

  /** `enqueue`: `queued` resolves as soon as the write is stored. `over` is called when nothing more will be reported. */
  constructor(eventId: string, resolveWhenQueued: boolean, onSettled: () => void) {
    this.#eventId = eventId;
    this.#resolveWhenQueued = resolveWhenQueued;
    this.#onSettled = onSettled;
    this.#main = stage((settle) => new WritePromiseImpl(settle, this));
    this.promise = this.#main.promise as WritePromiseImpl;
  }

  markPersisted(): void {
    this.#isPersisted = true;
    this.#resolve('enqueued', this.queued, ...(this.#resolveWhenQueued ? [this.#main] : []));
    if (this.#detachedBy) this.detach(this.#detachedBy);
  }

  /** Settles with what is certain: that the write is stored, once it is. */
  detach(error: TriplaneError): void {
    this.#detachedBy = error;
    if (!this.#isPersisted) return;
    this.#resolve('enqueued', this.#main);
    this.settle(error);
  }

  /** Whether the promise has listeners. */
  settle(error: unknown): boolean {
    this.#unlinkSignal();
    this.#onSettled();
    const stages = [this.queued, this.settled, this.#main];
    if (error === undefined) this.#resolve('synced', ...stages);
    else for (const { reject } of stages) reject(error);
    return error === undefined || (this.hasListener && !this.#isAborted && !(this.#resolveWhenQueued && this.#isPersisted));
  }

  /** The signal ends the waiting. `withdraw` returns whether the write was cancelled, which `queued` reports to the caller. */
  linkSignal(signal: AbortSignal | undefined, cancel: () => boolean): void {
    this.#unlinkSignal = onAbort(signal, (reason) => {
      this.#isAborted = true;
      if (cancel()) this.settle(reason);
      this.#main.reject(reason);
      this.settled.reject(reason);
    });
  }

  #resolve(status: TransactionResult['status'], ...stages: readonly Stage[]): void {
    for (const { resolve } of stages) resolve({ status, clientId: this.#eventId });
  }
}

type Settle = (resolve: (result: TransactionResult) => void, reject: (error: unknown) => void) => void;

class WritePromiseImpl extends Promise<TransactionResult> implements WritePromise {
  readonly #deferred: DeferredWrite;

  constructor(settle: Settle, deferred: DeferredWrite) {
    super(settle);
    this.#deferred = deferred;
  }

  /** From here on, an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  get queued(): Promise<TransactionResult> {
    return this.#deferred.queued.promise;
  }

  get settled(): Promise<TransactionResult> {
    this.#deferred.hasListener = true;
    return this.#deferred.settled.promise;
  }

  override then<Good = TransactionResult, Bad = never>(
    onFulfilled?: ((result: TransactionResult) => Good | PromiseLike<Good>) | null,
    onRejected?: ((error: unknown) => Bad | PromiseLike<Bad>) | null,
  ): Promise<Good | Bad> {
    this.#deferred.hasListener = true;
    return super.then(onFulfilled, onRejected);
  }
}

function stage(make: (settle: Settle) => Promise<TransactionResult> = (settle) => new Promise(settle)): Stage {
  let resolve: Stage['resolve'] = () => {};
  let fail: Stage['reject'] = () => {};
  const promise = make((onFulfilled, onRejected) => {
    resolve = onFulfilled;
    fail = onRejected;
  });
  const reject: Stage['reject'] = (error) => {
    // An unhandled rejection would end a Node process, so it is reported instead.
    void Promise.prototype.then.call(promise, undefined, () => {});
    fail(error);
  };
  return { promise, resolve, reject };
}
