// Writes to the store in the background: edits of one task are written together, batch after batch, in order. A store that fails or does not
// answer is given up with one report, and the client goes on in memory; a store that is full keeps mutations and drops cached results. Nothing
// that the store or a callback does ends this loop.

import { TriplaneError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { withTimeout } from '../lib/timeout.ts';
import type { KeyValueOp, KeyValue } from '../storage/key-value.ts';
import { asError, storeTimeoutError, storeTimeoutMs } from './client-errors.ts';

export interface PersistQueueEvents {
  /** These edits are on disk, or as safe as they will get. */
  onPersisted(edits: readonly KeyValueOp[]): void;
  onError(error: TriplaneError): void;
}

export class PersistQueue {
  readonly #store: KeyValue;
  readonly #on: PersistQueueEvents;
  readonly #clock: Clock;
  #edits: KeyValueOp[] = [];
  /** The writing that goes on, if any: it ends when nothing waits. */
  #writing: Promise<void> | undefined;
  /** All at first; without answers where there is no room for them; and nothing where that fails too. */
  #isPersistable: (edit: KeyValueOp) => boolean = () => true;
  #isClosed = false;

  constructor(store: KeyValue, on: PersistQueueEvents, clock: Clock) {
    this.#store = store;
    this.#on = on;
    this.#clock = clock;
  }

  add(edits: readonly KeyValueOp[]): void {
    if (this.#isClosed) return;
    this.#edits.push(...edits);
    this.#writing ??= Promise.resolve().then(() => this.#write());
  }

  /** Not after all. False if it is not here: on its way already, or there. */
  cancel(key: string): boolean {
    const before = this.#edits.length;
    this.#edits = this.#edits.filter((edit) => !('put' in edit && edit.put === key));
    return this.#edits.length < before;
  }

  /** When all is kept, and the store is closed. */
  async close(): Promise<void> {
    await this.#writing;
    this.#isClosed = true;
    await this.#answered(this.#store.close());
  }

  async #write(): Promise<void> {
    while (this.#edits.length > 0) {
      const batch = this.#edits;
      this.#edits = [];
      await this.#persist(batch);
      this.#guarded(() => this.#on.onPersisted(batch));
    }
    this.#writing = undefined;
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#on.onError(asError(error, 'storage-failed'));
    }
  }

  /** @throws TriplaneError 'timeout' if the store takes too long */
  #answered(answer: void | Promise<void>): Promise<void> {
    return withTimeout(Promise.resolve(answer), this.#clock, storeTimeoutMs, storeTimeoutError);
  }

  /** Where there is no room for everything, writes come before answers: those the server has. */
  async #persist(batch: readonly KeyValueOp[]): Promise<void> {
    const persistable = batch.filter(this.#isPersistable);
    if (persistable.length === 0) return;
    try {
      await this.#answered(this.#store.write(persistable));
    } catch (cause) {
      const writes = persistable.filter((edit) => !isCachedResult(edit));
      const isHanging = cause instanceof TriplaneError && cause.code === 'timeout';
      const isShort = !isHanging && writes.length < persistable.length;
      this.#isPersistable = (edit) => isShort && !isCachedResult(edit);
      const what = isShort
        ? 'Results cannot be cached on this device: the next start waits for the server'
        : 'Writes cannot be stored on this device: until the server confirms them, they exist in this page only';
      this.#guarded(() => this.#on.onError(new TriplaneError('storage-failed', what, { cause })));
      if (isShort) await this.#persist(writes);
    }
  }
}

function isCachedResult(edit: KeyValueOp): boolean {
  return 'put' in edit && edit.put.startsWith('answer/');
}
