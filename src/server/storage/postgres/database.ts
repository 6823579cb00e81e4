// PostgreSQL by the `pg` package: a pool for queries, and dedicated connections for listening.

import type Pg from 'pg';
import { TriplaneError } from '../../../errors.ts';
import type { Log } from '../../../lib/log.ts';

export type Client = Pg.Client;
export type PoolClient = Pg.PoolClient;

/** Time limit: PostgreSQL counts as unreachable after this. */
const queryWithinMs = 30_000;
const connectWithinMs = 5000;
const poolSize = 8;

export class Database {
  readonly #pg: typeof Pg;
  readonly #url: string;
  readonly #pool: Pg.Pool;
  /** The schema name, quoted for SQL. */
  readonly schema: string;
  #isClosed = false;

  private constructor(pg: typeof Pg, url: string, schema: string, logger: Log) {
    this.#pg = pg;
    this.#url = url;
    this.schema = pg.escapeIdentifier(schema);
    this.#pool = new pg.Pool({
      ...this.#clientConfig(),
      max: poolSize,
      query_timeout: queryWithinMs,
      idleTimeoutMillis: 60_000,
    });
    // An idle connection broke; the pool opens another.
    // A connection that breaks while in use rejects its query; without a listener it would also end the process.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
    this.#pool.on('error', (error) => logger.warn('a connection to PostgreSQL broke', error));
  }

  /** Rejects with TriplaneError `dependency-missing`. */
  static async load(url: string, schema: string, logger: Log): Promise<Database> {
    try {
      const { default: pg } = await import('pg');
      return new Database(pg, url, schema, logger);
    } catch (cause) {
      throw new TriplaneError('dependency-missing', 'To keep data in PostgreSQL one more package is needed: npm install pg', { cause });
    }
  }

  /** One statement is one transaction. */
  async query<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (this.#isClosed) throw closed();
    try {
      const { rows } = await this.#pool.query(sql, [...values]);
      return rows as Row[];
    } catch (cause) {
      throw failed(cause);
    }
  }

  /** A transaction that the caller ends: with `client.query('COMMIT')` and `release()`, or with `release(true)`, which undoes it. */
  async begin(): Promise<PoolClient> {
    if (this.#isClosed) throw closed();
    let client: PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      await client.query('BEGIN');
      return client;
    } catch (cause) {
      client?.release(true);
      throw failed(cause);
    }
  }

  /** Runs all queries of `run` in one transaction, rolled back if it rejects. */
  async transaction<T>(mode: 'read' | 'write', run: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed();
    let client: PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      await client.query(mode === 'read' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN');
      const outcome = await run(client);
      await client.query('COMMIT');
      client.release();
      return outcome;
    } catch (cause) {
      // Closed rather than rolled back, because its state is unknown.
      client?.release(true);
      throw cause instanceof TriplaneError ? cause : failed(cause);
    }
  }

  /** A connection outside the pool, closed by the caller. `replication`: one that speaks the replication protocol. */
  async connect(replication?: 'replication'): Promise<Client> {
    const client = new this.#pg.Client({ ...this.#clientConfig(), ...(replication && { replication: 'database' }) });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pool.end();
  }

  #clientConfig(): Pg.ClientConfig {
    return { connectionString: this.#url, connectionTimeoutMillis: connectWithinMs, keepAlive: true, application_name: 'triplane' };
  }
}

export const closed = (): TriplaneError => new TriplaneError('closed', 'The storage is closed');

export function failed(cause: unknown): TriplaneError {
  const text = cause instanceof AggregateError ? String(cause.errors[0]) : cause instanceof Error ? cause.message : String(cause);
  return new TriplaneError('storage-failed', `PostgreSQL cannot be used: ${text}`, { cause });
}
