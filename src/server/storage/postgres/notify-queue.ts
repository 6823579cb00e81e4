// Messages by NOTIFY, in the order they were queued. Waiting messages are sent together; one that exceeds PostgreSQL's limit is put into a
// table and referenced.

import type { Database } from './database.ts';

/** PostgreSQL accepts less than 8000 bytes. */
const maxPayloadBytes = 7900;
const batchSize = 200;
/** A server with this much unsent is disconnected, and no other server listens to it. */
const maxQueued = 10_000;
const maxQueuedBytes = 32 * 1024 * 1024;

/** The payload: sender, app and message. The number makes equal payloads distinct. */
export type Payload =
  | readonly ['append', from: string, app: string, txId: number]
  | readonly ['letter', from: string, app: string, letter: unknown, nth: number]
  | readonly ['long', from: string, id: string]
  | readonly ['probe', from: string]
  | readonly ['bye', from: string];

export class NotifyQueue {
  readonly #database: Database;
  readonly #channel: string;
  readonly #from: string;
  /** Whether a server receives messages from the table only. */
  readonly #isPolled: () => boolean;
  #waiting: string[] = [];
  /** Including what is being sent. */
  #bytes = 0;
  #sending: Promise<void> | undefined;
  #count = 0;
  #isLossy = false;

  constructor(database: Database, channel: string, from: string, isPolled: () => boolean) {
    this.#isPolled = isPolled;
    this.#database = database;
    this.#channel = channel;
    this.#from = from;
  }

  send(app: string, message: unknown): void {
    const text = JSON.stringify(['letter', this.#from, app, message, ++this.#count] satisfies Payload);
    const bytes = Buffer.byteLength(text);
    if (this.#waiting.length >= maxQueued || this.#bytes + bytes > maxQueuedBytes) this.#isLossy = true;
    else {
      this.#waiting.push(text);
      this.#bytes += bytes;
    }
    this.#sending ??= this.#sendAll();
  }

  /** Whether messages were lost since the last call. */
  resetLossy(): boolean {
    const wasLossy = this.#isLossy;
    this.#isLossy = false;
    return wasLossy;
  }

  async close(): Promise<void> {
    await this.#sending;
    const payload: Payload = ['bye', this.#from];
    await this.#database.query('SELECT pg_notify($1, $2)', [this.#channel, JSON.stringify(payload)]).catch(() => {});
  }

  async #sendAll(): Promise<void> {
    // Messages of the same moment are sent together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const isLong = this.#isPolled() || isTooLong(this.#waiting[0] ?? '');
      const end = isLong ? 1 : this.#waiting.findIndex((text, at) => at === batchSize || isTooLong(text));
      const texts = this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
      try {
        await (isLong ? this.#spill(texts[0] ?? '') : this.#notify(texts));
      } catch {
        this.#isLossy = true;
      }
      for (const text of texts) this.#bytes -= Buffer.byteLength(text);
    }
    this.#sending = undefined;
  }

  async #notify(texts: readonly string[]): Promise<void> {
    await this.#database.query('SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text', [this.#channel, texts]);
  }

  async #spill(text: string): Promise<void> {
    await this.#database.query(
      `WITH spilled AS (INSERT INTO ${this.#database.schema}.letters (body) VALUES ($2) RETURNING id)
       SELECT pg_notify($1, json_build_array('long', $3::text, id::text)::text) FROM spilled`,
      [this.#channel, text, this.#from],
    );
  }
}

const isTooLong = (text: string): boolean => Buffer.byteLength(text) > maxPayloadBytes;
