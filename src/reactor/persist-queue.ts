// Applies operations to the store in the background: those of one task together, batch after batch, in order. If the store fails or does not
// respond, the client reports it once and continues in memory; if it is full, mutations are stored and cached results are not. No exception of
// the store or of a callback ends the loop.

import { TriplaneError } from '../errors.ts';
import type { KeyValueOp, KeyValue } from '../storage/key-value.ts';
import { asError } from './client-errors.ts';

export interface PersistQueueEvents {
  /** These operations are durable, or will never be. */
  onPersisted(edits: readonly KeyValueOp[]): void;
  onError(error: TriplaneError): void;
}

export class PersistQueue {
  readonly #store: KeyValue;
  readonly #on: PersistQueueEvents;
  #edits: KeyValueOp[] = [];
  /** The running loop; it ends when the queue is empty. */
  #writing: Promise<void> | undefined;
  #hurried: Promise<unknown> | undefined;
  /** Everything at first, no cached results once the store is full, nothing once the store fails. */
  #isPersistable: (edit: KeyValueOp) => boolean = () => true;
  #isClosed = false;

  constructor(store: KeyValue, on: PersistQueueEvents) {
    this.#store = store;
    this.#on = on;
  }

  add(edits: readonly KeyValueOp[]): void {
    if (this.#isClosed) return;
    this.#edits.push(...edits);
    this.#writing ??= Promise.resolve().then(() => this.#write());
  }

  /** Removes a queued operation. Returns false if it is being written or was written. */
  cancel(key: string): boolean {
    const before = this.#edits.length;
    this.#edits = this.#edits.filter((edit) => !('put' in edit && edit.put === key));
    return this.#edits.length < before;
  }

  /** The page may end with this task: what is queued is given to the store now, behind what it is writing. */
  hurry(): void {
    const hurried = this.#writeBatch();
    this.#hurried = Promise.all([this.#hurried, hurried]);
  }

  /** Resolves once everything is written and the store is closed. */
  async close(): Promise<void> {
    await Promise.all([this.#writing, this.#hurried]);
    this.#isClosed = true;
    await this.#store.close();
  }

  async #write(): Promise<void> {
    while (this.#edits.length > 0) await this.#writeBatch();
    this.#writing = undefined;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#edits;
    if (batch.length === 0) return;
    this.#edits = [];
    await this.#persist(batch);
    this.#guarded(() => this.#on.onPersisted(batch));
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#on.onError(asError(error, 'storage-failed'));
    }
  }

  /** If the store is full, writes take precedence over results, which the server has. */
  async #persist(batch: readonly KeyValueOp[]): Promise<void> {
    const persistable = batch.filter(this.#isPersistable);
    if (persistable.length === 0) return;
    try {
      await this.#store.write(persistable);
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
