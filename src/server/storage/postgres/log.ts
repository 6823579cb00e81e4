// The log of one app in PostgreSQL. An append moves the app's head from the position the caller saw, in the same statement: so entries are
// numbered in commit order, and of two concurrent appends one is told to read again. So is a caller whose last entry is not the last in the
// table: the database was restored, or failed over without it.

import { chunksOf, SnapshotReader } from '../snapshot-chunks.ts';
import type { Appended, AppLog, HeldLog, LogListener, Loaded, LogEntry, Snapshot } from '../storage.ts';
import { inSlices, othersServed } from '../../slices.ts';
import { entrySteps, entryTextSteps } from '../entry-text.ts';
import { type Database, failed, type PoolClient } from './database.ts';

/** Entries kept although a snapshot contains them, so that a server that is slightly behind need not reload everything. */
const retainedEntries = 1000;
/** Snapshot parts read per query. */
const chunksAtOnce = 8;

export interface LogNotifier {
  subscribe(app: string, listener: LogListener): () => void;
  /** What to notify of an append; undefined = no server needs it. */
  notification(app: string, txId: number): { readonly channel: string; readonly payload: string } | undefined;
  /** Called after this server's appends. */
  appended(app: string, txId: number, entries: readonly LogEntry[]): void;
}

/** Entries that are longer in all are given one by one. */
const longLength = 256 * 1024;

interface Head {
  readonly tx: string;
  readonly snapshot: string | null;
}

/** Who holds a log and does nothing for so long loses it; others wait a little longer for an answer. */
const heldWithinMs = 20_000;

type Run = <Row>(sql: string, values: readonly unknown[]) => Promise<Row[]>;

export class PostgresLog implements AppLog {
  readonly #app: string;
  readonly #database: Database;
  readonly #notifier: LogNotifier;

  constructor(app: string, database: Database, notifier: LogNotifier) {
    this.#app = app;
    this.#database = database;
    this.#notifier = notifier;
  }

  async load(): Promise<Loaded> {
    const { schema } = this.#database;
    // The database may have been restored to a time before the app existed.
    await this.#database.query(`INSERT INTO ${schema}.heads (app, tx) VALUES ($1, 0) ON CONFLICT DO NOTHING`, [this.#app]);
    return this.#database.transaction('read', async (client) => {
      const { rows } = await client.query<Head>(`SELECT tx, snapshot FROM ${schema}.heads WHERE app = $1`, [this.#app]);
      const snapshot = rows[0]?.snapshot ?? undefined;
      const reader = new SnapshotReader();
      if (snapshot !== undefined) await this.#readChunks(client, snapshot, reader);
      const { rows: entries } = await client.query<{ entry: string }>(
        `SELECT entry FROM ${schema}.log WHERE app = $1 AND tx > $2 ORDER BY tx`,
        [this.#app, snapshot ?? 0],
      );
      return { snapshot: reader.snapshot(), entries: await inSlices(entrySteps(entries.map(({ entry }) => entry))) };
    });
  }

  since(txId: number): Promise<readonly LogEntry[] | undefined> {
    return this.#since(txId, this.#run);
  }

  async append(entries: readonly LogEntry[]): Promise<Appended> {
    const appended = await this.#append(entries, this.#run);
    if (appended === 'appended') this.#announce(entries);
    return appended;
  }

  /** By the lock of the row that every append changes. */
  async hold(): Promise<HeldLog> {
    const { schema } = this.#database;
    let client: PoolClient | undefined = await this.#database.begin();
    const run: Run = async <Row>(sql: string, values: readonly unknown[]) => {
      if (!client) throw failed(new Error('the log is not held any more'));
      try {
        return (await client.query(sql, [...values])).rows as Row[];
      } catch (cause) {
        client?.release(true);
        client = undefined;
        throw failed(cause);
      }
    };
    await run(`SET LOCAL idle_in_transaction_session_timeout = ${heldWithinMs}`, []);
    await run(`SELECT tx FROM ${schema}.heads WHERE app = $1 FOR UPDATE`, [this.#app]);
    return {
      since: (txId) => this.#since(txId, run),
      append: async (entries) => {
        const appended = await this.#append(entries, run);
        await run('COMMIT', []);
        client?.release();
        client = undefined;
        if (appended === 'appended') this.#announce(entries);
        return appended;
      },
      release: async () => {
        client?.release(true);
        client = undefined;
      },
    };
  }

  readonly #run: Run = (sql, values) => this.#database.query(sql, values);

  #announce(entries: readonly LogEntry[]): void {
    const last = entries.at(-1);
    if (last) this.#notifier.appended(this.#app, last.txId, entries);
  }

  async #since(txId: number, run: Run): Promise<readonly LogEntry[] | undefined> {
    const { schema } = this.#database;
    const rows = await run<{ head: string; entry: string | null }>(
      `SELECT heads.tx AS head, log.entry FROM ${schema}.heads LEFT JOIN ${schema}.log ON log.app = heads.app AND log.tx > $2
       WHERE heads.app = $1 ORDER BY log.tx`,
      [this.#app, txId],
    );
    const entries = await inSlices(entrySteps(rows.flatMap(({ entry }) => entry ?? [])));
    const [first] = entries;
    const isWhole = first ? first.txId === txId + 1 : Number(rows[0]?.head ?? 0) === txId;
    return isWhole ? entries : undefined;
  }

  async #append(entries: readonly LogEntry[], run: Run): Promise<Appended> {
    const { schema } = this.#database;
    const [first] = entries;
    const last = entries.at(-1);
    if (!first || !last) return 'appended';
    const notification = this.#notifier.notification(this.#app, last.txId);
    const texts = await inSlices(entryTextSteps(entries));
    // The beginning of the preceding entry, in the log as known to the caller.
    const before = first.prev === undefined ? '' : `{"id":${JSON.stringify(first.prev)}`;
    // The client escapes what is in an array, which takes seconds for a long text.
    const isLong = texts.reduce((length, text) => length + text.length, 0) > longLength;
    const given = isLong
      ? `(VALUES ${texts.map((_, at) => `($${at + 7}::text, ${at + 1})`).join()})`
      : 'unnest($7::text[]) WITH ORDINALITY';
    const [row] = await run<{ moved: number }>(
      `WITH moved AS (UPDATE ${schema}.heads SET tx = $3::bigint WHERE app = $1 AND tx = $2::bigint AND NOT EXISTS (
         SELECT 1 FROM ${schema}.log WHERE app = $1 AND tx = $2::bigint AND starts_with(entry, '{"id":') AND NOT starts_with(entry, $6)
       ) RETURNING app),
       added AS (INSERT INTO ${schema}.log (app, tx, entry)
         SELECT moved.app, $2::bigint + at, entry FROM moved, ${given} AS given (entry, at) ORDER BY at RETURNING tx),
       told AS (SELECT pg_notify($4, $5) FROM moved WHERE $4 <> '')
       SELECT (SELECT count(*) FROM moved)::int AS moved, (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM told) AS told`,
      [
        this.#app,
        first.txId - 1,
        last.txId,
        notification?.channel ?? '',
        notification?.payload ?? '',
        before,
        ...(isLong ? texts : [texts]),
      ],
    );
    return row?.moved === 1 ? 'appended' : 'behind';
  }

  /** If two servers do so concurrently, one of them has nothing to do. */
  async compact(snapshot: Snapshot): Promise<void> {
    const { schema } = this.#database;
    const { txId } = snapshot;
    await this.#database.transaction('write', async (client) => {
      const lock = 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1)) AS ours';
      const { rows: locks } = await client.query<{ ours: boolean }>(lock, [`${schema} ${this.#app}`]);
      if (!locks[0]?.ours) return;
      const { rows } = await client.query<Head>(`SELECT tx, snapshot FROM ${schema}.heads WHERE app = $1`, [this.#app]);
      if (Number(rows[0]?.snapshot ?? -1) >= txId) return;
      let chunk = 0;
      for (const text of chunksOf(snapshot)) {
        const insert = `INSERT INTO ${schema}.snapshots (app, tx, part, body) VALUES ($1, $2, $3, $4)`;
        await client.query(insert, [this.#app, txId, chunk++, text]);
      }
      await client.query(`DELETE FROM ${schema}.snapshots WHERE app = $1 AND tx <> $2`, [this.#app, txId]);
      await client.query(`DELETE FROM ${schema}.log WHERE app = $1 AND tx <= $2`, [this.#app, txId - retainedEntries]);
      await client.query(`UPDATE ${schema}.heads SET snapshot = $2, tx = greatest(tx, $2) WHERE app = $1`, [this.#app, txId]);
    });
  }

  subscribe(listener: LogListener): () => void {
    return this.#notifier.subscribe(this.#app, listener);
  }

  async #readChunks(client: PoolClient, txId: string, reader: SnapshotReader): Promise<void> {
    const { schema } = this.#database;
    for (let from = 0; ; from += chunksAtOnce) {
      const { rows } = await client.query<{ body: string }>(
        `SELECT body FROM ${schema}.snapshots WHERE app = $1 AND tx = $2 AND part >= $3 AND part < $4 ORDER BY part`,
        [this.#app, txId, from, from + chunksAtOnce],
      );
      for (const { body } of rows) {
        reader.add(body);
        await othersServed();
      }
      if (rows.length < chunksAtOnce) return;
    }
  }
}
