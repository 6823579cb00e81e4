// The log of one app in the file.

import type { SubscribersByApp } from '../log-subscribers.ts';
import { chunksOf, SnapshotReader } from '../snapshot-chunks.ts';
import type { Appended, AppLog, LogListener, Loaded, LogEntry, Snapshot } from '../storage.ts';
import { inSlices, othersServed, sliceItems } from '../../slices.ts';
import { entrySteps, entryTextSteps } from '../entry-text.ts';
import type { SqliteFile } from './file.ts';

interface Head {
  readonly tx: number;
  readonly snapshot: number | null;
}

export class SqliteLog implements AppLog {
  readonly #app: string;
  readonly #file: SqliteFile;
  readonly #subscribers: SubscribersByApp;

  constructor(app: string, file: SqliteFile, subscribers: SubscribersByApp) {
    this.#app = app;
    this.#file = file;
    this.#subscribers = subscribers;
  }

  /** Part by part, so that others are served in between: again, if another snapshot takes its place meanwhile. */
  async load(): Promise<Loaded> {
    for (;;) {
      const { snapshot } = this.#file.read(() => this.#head());
      const reader = new SnapshotReader();
      for (let chunk = 0; snapshot !== null; chunk++) {
        // Only one part is in memory as text at a time.
        const text = this.#file.read(() => this.#readChunk(snapshot, chunk));
        if (text === undefined) break;
        reader.add(text);
        await othersServed();
      }
      const texts = this.#file.read(() => (this.#head().snapshot === snapshot ? this.#textsAfter(snapshot ?? 0) : undefined));
      if (texts) return { snapshot: reader.snapshot(), entries: await inSlices(entrySteps(texts)) };
    }
  }

  async since(txId: number): Promise<readonly LogEntry[] | undefined> {
    const texts = this.#file.read(() => {
      const { tx, snapshot } = this.#head();
      return txId < (snapshot ?? 0) || txId > tx ? undefined : this.#textsAfter(txId);
    });
    return texts && inSlices(entrySteps(texts));
  }

  async append(entries: readonly LogEntry[]): Promise<Appended> {
    const [first] = entries;
    const last = entries.at(-1);
    if (!first || !last) return 'appended';
    // Short ones at once: an append that is called before the file is closed is written.
    const isLong = entries.some(({ changes }) => changes.length > sliceItems);
    const texts = isLong ? await inSlices(entryTextSteps(entries)) : entries.map((entry) => JSON.stringify(entry));
    const outcome = await this.#file.write((): Appended => {
      if (this.#head().tx !== first.txId - 1) return 'behind';
      const insert = this.#file.prepared('INSERT INTO log (app, tx, entry) VALUES (?, ?, ?)');
      for (const [at, text] of texts.entries()) insert.run(this.#app, first.txId + at, text);
      this.#file.prepared('UPDATE heads SET tx = ? WHERE app = ?').run(last.txId, this.#app);
      return 'appended';
    });
    if (outcome === 'appended') this.#subscribers.notify(this.#app, last.txId, entries);
    return outcome;
  }

  /** Part by part, so that other writes can interleave; it takes effect with the last part. */
  async compact(snapshot: Snapshot): Promise<void> {
    const { txId } = snapshot;
    const late = await this.#file.write(() => {
      const current = this.#head().snapshot;
      if (current !== null && current >= txId) return true;
      this.#file.prepared('DELETE FROM snapshots WHERE app = ? AND tx IS NOT ?').run(this.#app, current);
      return false;
    });
    if (late) return;
    let chunk = 0;
    for (const text of chunksOf(snapshot)) {
      const at = chunk++;
      await this.#file.write(() =>
        this.#file.prepared('INSERT INTO snapshots (app, tx, part, body) VALUES (?, ?, ?, ?)').run(this.#app, txId, at, text),
      );
    }
    await this.#file.write(() => {
      this.#file.prepared('UPDATE heads SET snapshot = ?, tx = max(tx, ?) WHERE app = ?').run(txId, txId, this.#app);
      this.#file.prepared('DELETE FROM snapshots WHERE app = ? AND tx <> ?').run(this.#app, txId);
      this.#file.prepared('DELETE FROM log WHERE app = ? AND tx <= ?').run(this.#app, txId);
    });
  }

  subscribe(listener: LogListener): () => void {
    return this.#subscribers.add(this.#app, listener);
  }

  #head(): Head {
    return (this.#file.prepared('SELECT tx, snapshot FROM heads WHERE app = ?').get(this.#app) ?? { tx: 0, snapshot: null }) as Head;
  }

  #readChunk(tx: number, chunk: number): string | undefined {
    const found = this.#file.prepared('SELECT body FROM snapshots WHERE app = ? AND tx = ? AND part = ?').get(this.#app, tx, chunk);
    return (found as { body: string } | undefined)?.body;
  }

  #textsAfter(txId: number): string[] {
    const rows = this.#file.prepared('SELECT entry FROM log WHERE app = ? AND tx > ? ORDER BY tx').all(this.#app, txId);
    return (rows as { entry: string }[]).map(({ entry }) => entry);
  }
}
