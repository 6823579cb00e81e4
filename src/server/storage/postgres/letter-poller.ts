// Polls messages of other servers from a table, for a server that notifications do not reach, as behind a pooler that reassigns the
// connection after each transaction.

import type { Log } from '../../../lib/log.ts';
import type { Database } from './database.ts';
import type { Payload } from './notify-queue.ts';

export interface PollerConfig {
  readonly database: Database;
  readonly everyMs: number;
  readonly logger: Log;
  readonly received: (payload: Payload) => void;
}

/** Messages committed late may have lower ids than those already read, so the poll looks back this far. */
const overlap = `interval '10 seconds'`;

export class LetterPoller {
  readonly #config: PollerConfig;
  #seen = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isPolling = false;

  constructor(config: PollerConfig) {
    this.#config = config;
  }

  start(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.#next();
  }

  async stop(): Promise<void> {
    this.#isPolling = false;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #next(): void {
    if (!this.#isPolling) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#poll().then(
        () => this.#next(),
        (error: unknown) => {
          this.#config.logger.warn('letters could not be read', error);
          this.#next();
        },
      );
    }, this.#config.everyMs);
  }

  async #poll(): Promise<void> {
    const { database, received } = this.#config;
    const sql = `SELECT id::text, body FROM ${database.schema}.letters WHERE at > clock_timestamp() - ${overlap} ORDER BY letters.id`;
    const rows = await database.query<{ id: string; body: string }>(sql);
    const before = this.#seen;
    this.#seen = new Set(rows.map(({ id }) => id));
    for (const { id, body } of rows) if (!before.has(id)) received(JSON.parse(body) as Payload);
  }
}
