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
  #isWriting = false;
  #isBroken = false;
  #keepsAnswers = true;
  #isEnding = false;

  constructor(store: KeyValue, on: JournalEvents) {
    this.#store = store;
    this.#on = on;
  }

  add(edits: readonly Edit[]): void {
    this.#edits.push(...edits);
    if (this.#isWriting) return;
    this.#isWriting = true;
    queueMicrotask(() => void this.#write());
  }

  /** Not after all. False if it is not here: on its way already, or there. */
  takeBack(key: string): boolean {
    const before = this.#edits.length;
    this.#edits = this.#edits.filter((edit) => !('put' in edit && edit.put === key));
    return this.#edits.length < before;
  }

  /** After what is on its way. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isWriting) this.#store.close();
  }

  async #write(): Promise<void> {
    while (this.#edits.length > 0) {
      const batch = this.#edits;
      this.#edits = [];
      await this.#keep(this.#keepsAnswers ? batch : batch.filter((edit) => !isAnswer(edit)));
      this.#on.saved(batch);
    }
    this.#isWriting = false;
    if (this.#isEnding) this.#store.close();
  }

  /** Where there is no room for everything, writes come before answers: those the server has. */
  async #keep(batch: readonly Edit[]): Promise<void> {
    if (this.#isBroken || batch.length === 0) return;
    try {
      await this.#store.write(batch);
    } catch (cause) {
      const isShort = this.#keepsAnswers && batch.some(isAnswer);
      this.#keepsAnswers = false;
      if (isShort) {
        this.#on.failed(failure('Answers cannot be kept on this device: the next start waits for the server', cause));
        return this.#keep(batch.filter((edit) => !isAnswer(edit)));
      }
      this.#isBroken = true;
      this.#on.failed(failure('Writes cannot be kept on this device: until they are confirmed they live in this page only', cause));
    }
  }
}

function isAnswer(edit: Edit): boolean {
  return 'put' in edit && edit.put.startsWith('answer/');
}

function failure(message: string, cause: unknown): TriplaneError {
  return new TriplaneError('storage-failed', message, { cause });
}
