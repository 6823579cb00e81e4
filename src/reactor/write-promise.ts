// What `transact` hands out: a promise with two stages. `await` gives the one that code written for InstantDB expects: kept,
// if there is no session; confirmed, if there is one. `queued` and `settled` tell them apart.

import type { TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import type { TransactionResult } from '../types/database.ts';

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

export class WriteReply {
  readonly promise: WritePromise;
  readonly queued = stage();
  readonly settled = stage();
  isHeard = false;
  readonly #eventId: string;
  readonly #enqueue: boolean;
  readonly #over: () => void;
  readonly #main: Stage;
  #isSaved = false;
  #isGivenUp = false;
  /** Its user is gone, or the database closed: why nobody will hear of it here. */
  #aside: TriplaneError | undefined;
  /** Lets go of the caller's signal. */
  #letGo = (): void => {};

  /** `enqueue`: the caller goes on as soon as the write is kept. `over` is told when there is no more to say. */
  constructor(eventId: string, enqueue: boolean, over: () => void) {
    this.#eventId = eventId;
    this.#enqueue = enqueue;
    this.#over = over;
    this.#main = stage((settle) => new HandedOut(settle, this));
    this.promise = this.#main.promise as HandedOut;
  }

  saved(): void {
    this.#isSaved = true;
    this.#resolve('enqueued', this.queued, ...(this.#enqueue ? [this.#main] : []));
    if (this.#aside) this.setAside(this.#aside);
  }

  /** It ends with what is certain: that it is kept, once it is. */
  setAside(error: TriplaneError): void {
    this.#aside = error;
    if (!this.#isSaved) return;
    this.#resolve('enqueued', this.#main);
    this.settle(error);
  }

  /** Whether somebody listens. */
  settle(error: unknown): boolean {
    this.#letGo();
    this.#over();
    const stages = [this.queued, this.settled, this.#main];
    if (error === undefined) this.#resolve('synced', ...stages);
    else for (const { reject } of stages) reject(error);
    return error === undefined || (this.isHeard && !this.#isGivenUp && !(this.#enqueue && this.#isSaved));
  }

  /** The signal ends the waiting. `withdraw` tells whether the write was taken back; `queued` tells it to the caller. */
  until(signal: AbortSignal | undefined, withdraw: () => boolean): void {
    this.#letGo = onAbort(signal, (reason) => {
      this.#isGivenUp = true;
      if (withdraw()) this.settle(reason);
      this.#main.reject(reason);
      this.settled.reject(reason);
    });
  }

  #resolve(status: TransactionResult['status'], ...stages: readonly Stage[]): void {
    for (const { resolve } of stages) resolve({ status, clientId: this.#eventId });
  }
}

type Settle = (resolve: (result: TransactionResult) => void, reject: (error: unknown) => void) => void;

class HandedOut extends Promise<TransactionResult> implements WritePromise {
  readonly #reply: WriteReply;

  constructor(settle: Settle, reply: WriteReply) {
    super(settle);
    this.#reply = reply;
  }

  /** What follows is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  get queued(): Promise<TransactionResult> {
    return this.#reply.queued.promise;
  }

  get settled(): Promise<TransactionResult> {
    this.#reply.isHeard = true;
    return this.#reply.settled.promise;
  }

  override then<Good = TransactionResult, Bad = never>(
    good?: ((result: TransactionResult) => Good | PromiseLike<Good>) | null,
    bad?: ((error: unknown) => Bad | PromiseLike<Bad>) | null,
  ): Promise<Good | Bad> {
    this.#reply.isHeard = true;
    return super.then(good, bad);
  }
}

function stage(make: (settle: Settle) => Promise<TransactionResult> = (settle) => new Promise(settle)): Stage {
  let resolve: Stage['resolve'] = () => {};
  let fail: Stage['reject'] = () => {};
  const promise = make((good, bad) => {
    resolve = good;
    fail = bad;
  });
  const reject: Stage['reject'] = (error) => {
    // A rejection that nobody waits for is not left to the platform, which would end a Node process over it.
    void Promise.prototype.then.call(promise, undefined, () => {});
    fail(error);
  };
  return { promise, resolve, reject };
}
