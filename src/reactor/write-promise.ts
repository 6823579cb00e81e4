// What `transact` hands out: a promise with two stages. `await` gives the one that code written for InstantDB expects: kept,
// if there is no session; confirmed, if there is one. `queued` and `settled` tell them apart.

import { TriplaneError } from '../errors.ts';
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

/** Most are made and never looked at, so the stages come into being when somebody asks for them. */
export class WriteReply {
  readonly promise: WritePromise;
  readonly #eventId: string;
  readonly #enqueue: boolean;
  readonly #main: Stage;
  readonly #stages: { queued?: Stage; settled?: Stage } = {};
  #isHeard = false;
  #isSaved = false;
  /** Its user is gone: why nobody will hear of it here. */
  #aside: TriplaneError | undefined;
  /** Once it is settled. */
  #end: { readonly error: unknown } | undefined;
  /** Why the caller waits no longer. */
  #givenUp: { readonly reason: unknown } | undefined;
  /** Lets go of the caller's signal. */
  #letGo: (() => void) | undefined;

  constructor(eventId: string, enqueue: boolean) {
    this.#eventId = eventId;
    this.#enqueue = enqueue;
    const main = stage((settle) => new HandedOut(settle, this));
    this.#main = main;
    this.promise = main.promise as HandedOut;
  }

  /** Whether that was the end of it. */
  saved(): boolean {
    this.#isSaved = true;
    this.#stages.queued?.resolve(this.#result('enqueued'));
    if (this.#enqueue) this.#main.resolve(this.#result('enqueued'));
    return this.#aside !== undefined && this.setAside(this.#aside);
  }

  /** It ends with what is certain: that it is kept, once it is. Whether it is. */
  setAside(error: TriplaneError): boolean {
    this.#aside = error;
    if (this.#isSaved) this.#leave(error);
    return this.#isSaved;
  }

  /** Whether somebody listens. */
  settle(error: unknown): boolean {
    this.#letGo?.();
    this.#end ??= { error };
    for (const each of [this.#stages.queued, this.#stages.settled, this.#main]) this.#finish(each, error);
    return error === undefined || (this.#isHeard && !this.#givenUp && !(this.#enqueue && this.#isSaved));
  }

  /** The signal ends the waiting. `withdraw` tells whether the write was taken back; `queued` tells it to the caller. */
  until(signal: AbortSignal, withdraw: () => boolean): void {
    this.#letGo = onAbort(signal, (reason) => {
      this.#givenUp = { reason };
      if (withdraw()) this.settle(reason);
      this.#main.reject(reason);
      this.#stages.settled?.reject(reason);
    });
  }

  shutDown(): void {
    this.#leave(new TriplaneError('closed', 'The database was shut down before the server confirmed the write'));
  }

  heard(): void {
    this.#isHeard = true;
  }

  queued(): Promise<TransactionResult> {
    const made = (this.#stages.queued ??= stage());
    if (this.#isSaved) made.resolve(this.#result('enqueued'));
    if (this.#end) this.#finish(made, this.#end.error);
    return made.promise;
  }

  settled(): Promise<TransactionResult> {
    this.#isHeard = true;
    const made = (this.#stages.settled ??= stage());
    if (this.#givenUp) made.reject(this.#givenUp.reason);
    if (this.#end) this.#finish(made, this.#end.error);
    return made.promise;
  }

  #leave(error: TriplaneError): void {
    if (this.#isSaved) this.#main.resolve(this.#result('enqueued'));
    this.settle(error);
  }

  #finish(made: Stage | undefined, error: unknown): void {
    if (error !== undefined) made?.reject(error);
    else made?.resolve(this.#result('synced'));
  }

  #result(status: TransactionResult['status']): TransactionResult {
    return { status, clientId: this.#eventId };
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
    return this.#reply.queued();
  }

  get settled(): Promise<TransactionResult> {
    return this.#reply.settled();
  }

  override then<Good = TransactionResult, Bad = never>(
    good?: ((result: TransactionResult) => Good | PromiseLike<Good>) | null,
    bad?: ((error: unknown) => Bad | PromiseLike<Bad>) | null,
  ): Promise<Good | Bad> {
    this.#reply.heard();
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
