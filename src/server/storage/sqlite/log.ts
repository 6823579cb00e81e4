// The log of one app in the file.

import type { SubscribersByApp } from '../log-subscribers.ts';
import { chunksOf, SnapshotReader } from '../snapshot-chunks.ts';
import type { Appended, AppLog, LogListener, Loaded, LogEntry, Snapshot } from '../storage.ts';
import { inSlices, othersServed, sliceItems } from '../../slices.ts';
import { piecesOf } from '../../text-pieces.ts';
import { entrySteps, entryTextSteps } from '../entry-text.ts';
import type { SqliteFile } from './file.ts';

/**
 * Longer appends and chunks are written in parts of this length, each in a transaction of its own: while SQLite works, nobody is served. They take
 * effect with the last one.
 */
const partLength = 1024 * 1024;

interface Head {
  readonly tx: number;
  readonly snapshot: number | null;
}

/** What the parts of a long chunk begin with, but its first. No chunk does. */
const continues = '+';

interface Part {
  readonly tx: number;
  readonly part: number;
  readonly body: string;
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
      const head = this.#file.read(() => this.#head());
      const { snapshot } = head;
      const reader = new SnapshotReader();
      // Only one chunk is in memory as text at a time.
      let chunk: string | undefined;
      for (let part = 0; snapshot !== null; part++) {
        const body = this.#file.read(() => this.#readPart(snapshot, part));
        if (body?.startsWith(continues)) {
          chunk = `${chunk ?? ''}${body.slice(continues.length)}`;
          continue;
        }
        if (chunk !== undefined) reader.add(chunk);
        if (body === undefined) break;
        chunk = body;
        await othersServed();
      }
      const texts = await this.#textsAfter(snapshot ?? 0, head);
      if (texts) return { snapshot: reader.snapshot(), entries: await inSlices(entrySteps(texts)) };
    }
  }

  async since(txId: number): Promise<readonly LogEntry[] | undefined> {
    const head = this.#file.read(() => this.#head());
    if (txId < (head.snapshot ?? 0) || txId > head.tx) return undefined;
    const texts = await this.#textsAfter(txId, head);
    return texts && inSlices(entrySteps(texts));
  }

  async append(entries: readonly LogEntry[]): Promise<Appended> {
    const [first] = entries;
    const last = entries.at(-1);
    if (!first || !last) return 'appended';
    // Short ones at once: an append that is called before the file is closed is written.
    const isLong = entries.some(({ changes }) => changes.length > sliceItems);
    const texts = isLong ? await inSlices(entryTextSteps(entries)) : entries.map((entry) => JSON.stringify(entry));
    const isInParts = texts.reduce((length, text) => length + text.length, 0) > partLength;
    if (isInParts && (await this.#writeParts(first.txId, texts)) === 'behind') return 'behind';
    const outcome = await this.#file.write((): Appended => {
      if (this.#head().tx !== first.txId - 1) return 'behind';
      const insert = this.#file.prepared('INSERT INTO log (app, tx, entry) VALUES (?, ?, ?)');
      for (const [at, text] of texts.entries()) insert.run(this.#app, first.txId + at, isInParts ? '' : text);
      this.#file.prepared('UPDATE heads SET tx = ? WHERE app = ?').run(last.txId, this.#app);
      return 'appended';
    });
    if (outcome === 'appended') this.#subscribers.notify(this.#app, last.txId, entries);
    return outcome;
  }

  async #writeParts(firstTx: number, texts: readonly string[]): Promise<Appended> {
    const isBehind = await this.#file.write(() => {
      const { tx } = this.#head();
      this.#file.prepared('DELETE FROM entry_parts WHERE app = ? AND tx > ?').run(this.#app, tx);
      return tx !== firstTx - 1;
    });
    if (isBehind) return 'behind';
    const sql = 'INSERT INTO entry_parts (app, tx, part, body) VALUES (?, ?, ?, ?)';
    let [some, length]: [Part[], number] = [[], 0];
    const write = (parts: readonly Part[]): Promise<void> =>
      this.#file.write(() => parts.forEach(({ tx, part, body }) => this.#file.prepared(sql).run(this.#app, tx, part, body)));
    for (const [at, text] of texts.entries()) {
      let part = 0;
      for (const body of piecesOf(text, partLength)) {
        some.push({ tx: firstTx + at, part: part++, body });
        if ((length += body.length) < partLength) continue;
        await write(some);
        [some, length] = [[], 0];
      }
    }
    if (some.length > 0) await write(some);
    return 'appended';
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
    const sql = 'INSERT INTO snapshots (app, tx, part, body) VALUES (?, ?, ?, ?)';
    let part = 0;
    for (const text of chunksOf(snapshot)) {
      let start = '';
      for (const piece of piecesOf(text, partLength)) {
        const [at, body] = [part++, start + piece];
        await this.#file.write(() => this.#file.prepared(sql).run(this.#app, txId, at, body));
        start = continues;
      }
    }
    await this.#file.write(() => {
      this.#file.prepared('UPDATE heads SET snapshot = ?, tx = max(tx, ?) WHERE app = ?').run(txId, txId, this.#app);
      this.#file.prepared('DELETE FROM snapshots WHERE app = ? AND tx <> ?').run(this.#app, txId);
      this.#file.prepared('DELETE FROM log WHERE app = ? AND tx <= ?').run(this.#app, txId);
      this.#file.prepared('DELETE FROM entry_parts WHERE app = ? AND tx <= ?').run(this.#app, txId);
    });
  }

  subscribe(listener: LogListener): () => void {
    return this.#subscribers.add(this.#app, listener);
  }

  #head(): Head {
    return (this.#file.prepared('SELECT tx, snapshot FROM heads WHERE app = ?').get(this.#app) ?? { tx: 0, snapshot: null }) as Head;
  }

  #readPart(tx: number, part: number): string | undefined {
    const found = this.#file.prepared('SELECT body FROM snapshots WHERE app = ? AND tx = ? AND part = ?').get(this.#app, tx, part);
    return (found as { body: string } | undefined)?.body;
  }

  /** Undefined if a snapshot replaced some of them meanwhile. */
  async #textsAfter(txId: number, { tx: last, snapshot }: Head): Promise<string[] | undefined> {
    const texts: string[] = [];
    let unserved = 0;
    for (let tx = txId + 1; tx <= last; tx++) {
      const row = this.#file.read(() => this.#file.prepared('SELECT entry FROM log WHERE app = ? AND tx = ?').get(this.#app, tx));
      const { entry } = (row ?? { entry: '' }) as { entry: string };
      const text = entry === '' ? await this.#textInParts(tx) : entry;
      if (text !== '') texts.push(text);
      if ((unserved += text.length) < partLength) continue;
      unserved = 0;
      await othersServed();
    }
    return this.#file.read(() => this.#head()).snapshot === snapshot ? texts : undefined;
  }

  async #textInParts(tx: number): Promise<string> {
    const sql = 'SELECT body FROM entry_parts WHERE app = ? AND tx = ? AND part = ?';
    for (let [text, part] = ['', 0]; ; part++) {
      const row = this.#file.read(() => this.#file.prepared(sql).get(this.#app, tx, part)) as { body: string } | undefined;
      if (!row) return text;
      text += row.body;
      if (part > 0) await othersServed();
    }
  }
}
