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
/** Bodies read at once, in bytes; one may be larger. */
const mostAtOnce = 8 * 1024 * 1024;

interface Listed {
  readonly id: string;
  readonly at: string;
  readonly bytes: number;
}

export class LetterPoller {
  readonly #config: PollerConfig;
  #seen = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isPolling = false;
  #isFailing = false;

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
        () => this.#polled(),
        (error: unknown) => this.#polled(error),
      );
    }, this.#config.everyMs);
  }

  /** A failure is logged once, not at every poll of an outage. */
  #polled(error?: unknown): void {
    if (error !== undefined && !this.#isFailing) this.#config.logger.warn('letters could not be read', error);
    this.#isFailing = error !== undefined;
    this.#next();
  }

  async #poll(): Promise<void> {
    const { database, received } = this.#config;
    const { schema } = database;
    const recent = await database.query<Listed>(
      `SELECT id::text, at::text, octet_length(body) AS bytes FROM ${schema}.letters WHERE at > clock_timestamp() - ${overlap} ORDER BY letters.id`,
    );
    const before = this.#seen;
    this.#seen = new Set(recent.map(keyOf).filter((key) => before.has(key)));
    const unseen = recent.filter((letter) => !before.has(keyOf(letter)));
    const keys = new Map(unseen.map((letter) => [letter.id, keyOf(letter)]));
    for (const ids of grouped(unseen)) {
      const sql = `SELECT id::text, body FROM ${schema}.letters WHERE id = ANY($1::bigint[]) ORDER BY letters.id`;
      for (const { id, body } of await database.query<{ id: string; body: string }>(sql, [ids])) {
        this.#seen.add(keys.get(id) ?? id);
        received(JSON.parse(body) as Payload);
      }
    }
  }
}

/** Ids begin again with 1 in a database that failed over: the table is not replicated. */
const keyOf = ({ id, at }: Listed): string => `${id} ${at}`;

function grouped(letters: readonly Listed[]): string[][] {
  const groups: string[][] = [];
  let left = 0;
  for (const { id, bytes } of letters) {
    if (groups.length === 0 || bytes > left) {
      groups.push([]);
      left = mostAtOnce;
    }
    groups.at(-1)?.push(id);
    left -= bytes;
  }
  return groups;
}
