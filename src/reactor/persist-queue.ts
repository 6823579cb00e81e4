// What is to be kept, on its way to the store: edits of one task go out together, batch after batch, in order. A store that
// fails is given up with one report, and the session goes on from memory; one that is full keeps writes rather than answers.

import { TriplaneError } from '../errors.ts';
import type { KeyValueOp, KeyValue } from '../storage/key-value.ts';

export interface PersistQueueEvents {
  /** These are on disk, or as safe as they will get. */
  onPersisted(edits: readonly KeyValueOp[]): void;
  onError(error: TriplaneError): void;
}

export class PersistQueue {
  readonly #store: KeyValue;
  readonly #on: PersistQueueEvents;
  #edits: KeyValueOp[] = [];
  /** The writing that goes on, if any: it ends when nothing waits. */
  #writing: Promise<void> | undefined;
  /** All at first; without answers where there is no room for them; and nothing where that fails too. */
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
    await this.#store.close();
  }

  async #write(): Promise<void> {
    while (this.#edits.length > 0) {
      const batch = this.#edits;
      this.#edits = [];
      await this.#persist(batch);
      this.#on.onPersisted(batch);
    }
    this.#writing = undefined;
  }

  /** Where there is no room for everything, writes come before answers: those the server has. */
  async #persist(batch: readonly KeyValueOp[]): Promise<void> {
    const persistable = batch.filter(this.#isPersistable);
    if (persistable.length === 0) return;
    try {
      await this.#store.write(persistable);
    } catch (cause) {
      const writes = persistable.filter((edit) => !isCachedResult(edit));
      const isShort = writes.length < persistable.length;
      this.#isPersistable = (edit) => isShort && !isCachedResult(edit);
      const what = isShort
        ? 'Answers cannot be kept on this device: the next start waits for the server'
        : 'Writes cannot be kept on this device: until they are confirmed they live in this page only';
      this.#on.onError(new TriplaneError('storage-failed', what, { cause }));
      await this.#persist(writes);
    }
  }
}

function isCachedResult(edit: KeyValueOp): boolean {
  return 'put' in edit && edit.put.startsWith('answer/');
}
