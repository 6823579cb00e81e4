// What is to be kept, on its way to the store: edits of one task go out together, batch after batch, in order. A store that
// fails is given up with one report, and the session goes on from memory.

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

  /** After what is on its way. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isWriting) this.#store.close();
  }

  async #write(): Promise<void> {
    while (this.#edits.length > 0) {
      const batch = this.#edits;
      this.#edits = [];
      try {
        if (!this.#isBroken) await this.#store.write(batch);
      } catch (cause) {
        this.#isBroken = true;
        const message = 'Writes cannot be kept on this device: until they are confirmed they live in this page only';
        this.#on.failed(cause instanceof TriplaneError ? cause : new TriplaneError('storage-failed', message, { cause }));
      }
      this.#on.saved(batch);
    }
    this.#isWriting = false;
    if (this.#isEnding) this.#store.close();
  }
}
