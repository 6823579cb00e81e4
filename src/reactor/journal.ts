// What is to be kept, on its way to the store: edits of one task go out together, batch after batch, in order. A store that
// fails is given up with one report, and the session goes on from memory; one that is full keeps writes rather than answers.

import { TriplaneError } from '../errors.ts';
import type { Edit, KeyValue } from '../storage/key-value.ts';

export interface JournalEvents {
  /** These are on disk, or as safe as they will get. */
  saved(edits: readonly Edit[]): void;
  failed(error: TriplaneError): void;
}

export class Journal {
  readonly #store: KeyValue;
  readonly #on: JournalEvents;
  #edits: Edit[] = [];
  /** The writing that goes on, if any: it ends when nothing waits. */
  #writing: Promise<void> | undefined;
  /** All at first; without answers where there is no room for them; and nothing where that fails too. */
  #isKept: (edit: Edit) => boolean = () => true;
  #isOver = false;

  constructor(store: KeyValue, on: JournalEvents) {
    this.#store = store;
    this.#on = on;
  }

  add(edits: readonly Edit[]): void {
    if (this.#isOver) return;
    this.#edits.push(...edits);
    this.#writing ??= Promise.resolve().then(() => this.#write());
  }

  /** Not after all. False if it is not here: on its way already, or there. */
  takeBack(key: string): boolean {
    const before = this.#edits.length;
    this.#edits = this.#edits.filter((edit) => !('put' in edit && edit.put === key));
    return this.#edits.length < before;
  }

  /** When all is kept, and the store is closed. */
  async end(): Promise<void> {
    await this.#writing;
    this.#isOver = true;
    await this.#store.close();
  }

  async #write(): Promise<void> {
    while (this.#edits.length > 0) {
      const batch = this.#edits;
      this.#edits = [];
      await this.#keep(batch);
      this.#on.saved(batch);
    }
    this.#writing = undefined;
  }

  /** Where there is no room for everything, writes come before answers: those the server has. */
  async #keep(batch: readonly Edit[]): Promise<void> {
    const kept = batch.filter(this.#isKept);
    if (kept.length === 0) return;
    try {
      await this.#store.write(kept);
    } catch (cause) {
      const writes = kept.filter((edit) => !isAnswer(edit));
      const isShort = writes.length < kept.length;
      this.#isKept = (edit) => isShort && !isAnswer(edit);
      const what = isShort
        ? 'Answers cannot be kept on this device: the next start waits for the server'
        : 'Writes cannot be kept on this device: until they are confirmed they live in this page only';
      this.#on.failed(new TriplaneError('storage-failed', what, { cause }));
      await this.#keep(writes);
    }
  }
}

function isAnswer(edit: Edit): boolean {
  return 'put' in edit && edit.put.startsWith('answer/');
}
