// What `transact` hands out: a promise with two stages. `await` gives the one that code written for InstantDB expects: kept,
// if there is no session; confirmed, if there is one. `queued` and `settled` tell them apart.

import { TriplaneError } from '../errors.ts';
import type { TransactionResult } from '../types/database.ts';

/**
 * @example
 * const write = db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
 * await write.queued; // on disk: it outlives this page
 * await write.settled; // the server has it; rejects with an `InstantAPIError` if it was refused
 */
export interface WritePromise extends Promise<TransactionResult> {
  readonly queued: Promise<TransactionResult>;
  readonly settled: Promise<TransactionResult>;
}

interface Stage {
  readonly promise: Promise<TransactionResult>;
  readonly resolve: (result: TransactionResult) => void;
  readonly reject: (error: TriplaneError) => void;
}

export class WriteReply {
  readonly promise: WritePromise;
  readonly #eventId: string;
  readonly #enqueue: boolean;
  readonly #main = stage();
  readonly #queued = stage();
  readonly #settled = stage();
  #isHeard = false;
  #isSaved = false;

  constructor(eventId: string, enqueue: boolean) {
    this.#eventId = eventId;
    this.#enqueue = enqueue;
    this.promise = this.#listenedTo();
  }

  saved(): void {
    this.#isSaved = true;
    const result: TransactionResult = { status: 'enqueued', clientId: this.#eventId };
    this.#queued.resolve(result);
    if (this.#enqueue) this.#main.resolve(result);
  }

  /** Whether somebody listens. */
  settle(error: TriplaneError | undefined): boolean {
    if (!error) {
      const result: TransactionResult = { status: 'synced', clientId: this.#eventId };
      for (const { resolve } of [this.#queued, this.#settled, this.#main]) resolve(result);
      return true;
    }
    for (const { reject } of [this.#queued, this.#settled, this.#main]) reject(error);
    return this.#isHeard && !(this.#enqueue && this.#isSaved);
  }

  shutDown(): void {
    if (this.#isSaved) this.#main.resolve({ status: 'enqueued', clientId: this.#eventId });
    this.settle(new TriplaneError('closed', 'The database was shut down before the server confirmed the write'));
  }

  /** A rejection that nobody waits for is not left to the platform, which would end a Node process over it. */
  #listenedTo(): WritePromise {
    for (const { promise } of [this.#main, this.#queued, this.#settled]) promise.catch(() => {});
    const hear = (): void => void (this.#isHeard = true);
    const main = this.#main.promise;
    const settled = this.#settled.promise;
    return Object.defineProperties(main, {
      then: { value: (...handlers: Parameters<typeof main.then>) => (hear(), Promise.prototype.then.apply(main, handlers)) },
      queued: { value: this.#queued.promise },
      settled: { get: () => (hear(), settled) },
    }) as WritePromise;
  }
}

function stage(): Stage {
  let resolve: Stage['resolve'] = () => {};
  let reject: Stage['reject'] = () => {};
  const promise = new Promise<TransactionResult>((good, bad) => {
    resolve = good;
    reject = bad;
  });
  return { promise, resolve, reject };
}
