// What was heard of a log that others append to: how far it goes, and the entries that came along with the news. Nothing is
// taken from it but what follows on without a gap; anything else has to be read from the log.

import type { LogEntry } from '../storage/storage.ts';

/** Entries held until they are asked for. */
const maxEntries = 10_000;

export class RemoteTail {
  #end = 0;
  #entries: LogEntry[] = [];

  add(txId: number, entries: readonly LogEntry[] = []): void {
    this.#end = Math.max(this.#end, txId);
    if (this.#entries.length < maxEntries) this.#entries.push(...entries);
  }

  isBeyond(txId: number): boolean {
    return this.#end > txId;
  }

  /** The log goes no further than this. */
  setEnd(txId: number): void {
    this.#end = txId;
    this.#entries = [];
  }

  /** All that follows on `txId`, if that is known. */
  drainAfter(txId: number): readonly LogEntry[] | undefined {
    const next = this.#entries.filter((entry) => entry.txId > txId);
    this.#entries = [];
    const isWhole = next.length > 0 && next.every((entry, at) => entry.txId === txId + 1 + at);
    return isWhole ? next : undefined;
  }

  /** Nothing up to here is news. */
  forget(txId: number): void {
    if (this.#end <= txId) this.#entries = [];
  }
}
