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
  /** Its user is gone, or the database closed: why nobody will hear of it here. */
  #detachedBy: TriplaneError | undefined;
  /** Lets go of the caller's signal. */
  #unlinkSignal = (): void => {};

  /** `enqueue`: the caller goes on as soon as the write is kept. `over` is told when there is no more to say. */
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

  /** It ends with what is certain: that it is kept, once it is. */
  detach(error: TriplaneError): void {
    this.#detachedBy = error;
    if (!this.#isPersisted) return;
    this.#resolve('enqueued', this.#main);
    this.settle(error);
  }

  /** Whether somebody listens. */
  settle(error: unknown): boolean {
    this.#unlinkSignal();
    this.#onSettled();
    const stages = [this.queued, this.settled, this.#main];
    if (error === undefined) this.#resolve('synced', ...stages);
    else for (const { reject } of stages) reject(error);
    return error === undefined || (this.hasListener && !this.#isAborted && !(this.#resolveWhenQueued && this.#isPersisted));
  }

  /** The signal ends the waiting. `withdraw` tells whether the write was taken back; `queued` tells it to the caller. */
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

  /** What follows is an ordinary promise. */
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
    // A rejection that nobody waits for is not left to the platform, which would end a Node process over it.
    void Promise.prototype.then.call(promise, undefined, () => {});
    fail(error);
  };
  return { promise, resolve, reject };
}
