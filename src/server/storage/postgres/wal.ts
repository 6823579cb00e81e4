// Appends received from PostgreSQL by logical decoding: complete, in commit order, without polling. Needs `wal_level = logical` and the
// replication right; otherwise notifications and heartbeats are used. The replication slot is temporary, so nothing is left on the server;
// missed entries are found by reading the log.

import type { Log } from '../../../lib/log.ts';
import type { LogEntry } from '../storage.ts';
import type { Client, Database } from './database.ts';
import { readWalMessage, standbyStatus } from './pgoutput.ts';
import { publicationOf } from './schema.ts';

export interface WalConfig {
  readonly database: Database;
  readonly schemaName: string;
  readonly id: string;
  readonly logger: Log;
  readonly appended: (app: string, txId: number, entries: readonly LogEntry[]) => void;
}

const statusEveryMs = 10_000;
const retryMs = 5000;

/** The interface `pg` expects of a custom query. */
interface Wire {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
}

export class WalReader {
  readonly #config: WalConfig;
  #client: Client | undefined;
  #isReading = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: WalConfig) {
    this.#config = config;
  }

  /** Whether appends are currently received this way. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** No effect if logical decoding is not available. */
  async open(): Promise<void> {
    try {
      if (await this.#isAllowed()) await this.#read();
    } catch (error) {
      this.#config.logger.warn('the WAL of PostgreSQL cannot be read; notices are used instead', error);
      this.#stop();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stop();
  }

  async #isAllowed(): Promise<boolean> {
    const { database, schemaName } = this.#config;
    const [found] = await database.query<{ level: string; may: boolean }>(
      `SELECT current_setting('wal_level') AS level, rolreplication OR rolsuper AS may FROM pg_roles WHERE rolname = current_user`,
    );
    if (found?.level !== 'logical' || !found.may) return false;
    const publication = publicationOf(schemaName);
    const known = await database.query('SELECT 1 FROM pg_publication WHERE pubname = $1', [publication]);
    if (known.length > 0) return true;
    await database
      .query(`CREATE PUBLICATION "${publication}" FOR TABLE ${database.schema}.log WITH (publish = 'insert')`)
      // Another server may have created it at the same time.
      .catch((error: unknown) => this.#config.logger.debug('the publication was not made', error));
    return true;
  }

  async #read(): Promise<void> {
    const { database, schemaName, id, logger } = this.#config;
    const client = await database.connect('replication');
    this.#client = client;
    const slot = `triplane_${id.replaceAll('-', '_')}`;
    await client.query(`CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`);
    const restart = (error: unknown): void => {
      if (client !== this.#client) return;
      this.#stop();
      if (this.#isClosed) return;
      logger.warn('the WAL of PostgreSQL is not read any more', error);
      this.#timer = setTimeout(() => void this.open(), retryMs);
    };
    client.on('error', restart);
    client.on('end', () => restart(undefined));
    const start = `START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names '"${publicationOf(schemaName)}"')`;
    client.query(new Stream(start, (app, entries) => this.#config.appended(app, entries.at(-1)?.txId ?? 0, entries), restart) as never);
    this.#isReading = true;
  }

  #stop(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#isReading = false;
    void client?.end().catch(() => {});
  }
}

/** A query that never ends: `pg` passes it every message of its connection. */
class Stream {
  readonly #text: string;
  readonly #appended: (app: string, entries: readonly LogEntry[]) => void;
  readonly #failed: (error: unknown) => void;
  #open = new Map<string, LogEntry[]>();
  #wire: Wire | undefined;
  #end = 0n;
  #timer: NodeJS.Timeout | undefined;

  constructor(text: string, appended: (app: string, entries: readonly LogEntry[]) => void, failed: (error: unknown) => void) {
    this.#text = text;
    this.#appended = appended;
    this.#failed = failed;
  }

  submit(wire: Wire): void {
    this.#wire = wire;
    this.#timer = setInterval(() => this.#confirm(), statusEveryMs);
    wire.query(this.#text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    try {
      const message = readWalMessage(chunk);
      if (message.end > this.#end) this.#end = message.end;
      if (message.is === 'added') this.#addRow(message.columns);
      if (message.is === 'commit') this.#commit();
      if (message.is === 'alive' && message.reply) this.#confirm();
    } catch (error) {
      // Heads are read with the next heartbeat, and what is missing from the table.
      this.handleError(error);
    }
  }

  handleError(error: unknown): void {
    clearInterval(this.#timer);
    this.#failed(error);
  }

  handleReadyForQuery(): void {
    this.handleError(new Error('PostgreSQL ended the stream'));
  }

  handleCommandComplete(): void {}

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}

  handleRowDescription(): void {}

  handleDataRow(): void {}

  #addRow([app, , entry]: readonly (string | null)[]): void {
    if (app == null || entry == null) return;
    const entries = this.#open.get(app) ?? [];
    entries.push(JSON.parse(entry) as LogEntry);
    this.#open.set(app, entries);
  }

  #commit(): void {
    const done = this.#open;
    this.#open = new Map();
    for (const [app, entries] of done) this.#appended(app, entries);
  }

  #confirm(): void {
    try {
      this.#wire?.sendCopyFromChunk(standbyStatus(this.#end, Date.now()));
    } catch (error) {
      // The connection broke without an event.
      this.handleError(error);
    }
  }
}
