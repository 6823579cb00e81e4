// The tail of a log as announced by other servers: the last position, and the entries delivered with the announcement. Only entries without
// a gap are used; others are read from the log.

import { sizeOfLogEntry } from '../storage/entry-size.ts';
import type { LogEntry } from '../storage/storage.ts';

/** Entries held until needed; beyond this number they are read from the log later. */
const maxBytes = 16 * 1024 * 1024;

export class RemoteTail {
  #end = 0;
  #entries: LogEntry[] = [];
  #bytes = 0;

  add(txId: number, entries: readonly LogEntry[] = []): void {
    this.#end = Math.max(this.#end, txId);
    for (const entry of entries) {
      const bytes = sizeOfLogEntry(entry);
      if (this.#bytes + bytes > maxBytes) return;
      this.#bytes += bytes;
      this.#entries.push(entry);
    }
  }

  isBeyond(txId: number): boolean {
    return this.#end > txId;
  }

  /** The log ends here. */
  setEnd(txId: number): void {
    this.#end = txId;
    this.#clear();
  }

  /** All entries after `txId`, if they are known without a gap. */
  drainAfter(txId: number): readonly LogEntry[] | undefined {
    const next = this.#entries.filter((entry) => entry.txId > txId);
    this.#clear();
    const isWhole = next.length > 0 && next.every((entry, at) => entry.txId === txId + 1 + at);
    return isWhole ? next : undefined;
  }

  /** Everything up to here is known. */
  forget(txId: number): void {
    if (this.#end <= txId) this.#clear();
  }

  #clear(): void {
    this.#entries = [];
    this.#bytes = 0;
  }
}
