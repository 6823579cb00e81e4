// The connection that is always open: hears what the others notify, and beats. With each beat a server says that it is there,
// sees who else is, and looks at the heads of its logs, so that whatever did not reach it is found a second later. When the
// line breaks it is made anew; nothing is taken for known that may have happened in between.
//
//   down ── connected, listening ──▶ up ── error, or a beat without an answer ──▶ down …
//   down for as long as the others wait for a beat: they are gone for us, as we are for them

import type { Log } from '../../../lib/log.ts';
import type { Client, Database } from './database.ts';
import type { Member } from './membership.ts';
import type { Payload } from './notify-queue.ts';

/** Where a log ends; `lastId` is empty if the entry there is not known. */
export interface LogHead {
  readonly txId: number;
  readonly lastId: string;
}

export interface HeartbeatEvents {
  /** What happened while the line was down is not known. */
  up(): void;
  /** Down, or no beat got through, for so long that the others think so too. */
  lost(): void;
  heartbeat(members: readonly Member[], heads: ReadonlyMap<string, LogHead>): void;
  received(payload: Payload): void;
  /** Notifications do not arrive on this connection: letters have to be read from the table. */
  deaf(): void;
  /** They do. */
  hears(): void;
}

export interface HeartbeatConfig {
  readonly database: Database;
  readonly channel: string;
  readonly id: string;
  readonly heartbeatMs: number;
  readonly logger: Log;
  readonly apps: () => readonly string[];
  readonly readsWal: () => boolean;
}

/** How long a notification of our own may take to come back. */
const probeMs = 1000;

/** Beats without which a server is taken to be gone. */
const maxMissedHeartbeats = 4;
/** Beats between two sweeps of what is of no use any more. */
const sweepEvery = 60;
const maxRetryMs = 5000;

export class Heartbeat {
  readonly #config: HeartbeatConfig;
  readonly #on: HeartbeatEvents;
  readonly #goneAfterMs: number;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastHeartbeatMs = 0;
  #isLost = true;
  #isClosed = false;
  #isDeaf = false;
  #probed: (() => void) | undefined;
  #heartbeats = 0;
  #failures = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(config: HeartbeatConfig, on: HeartbeatEvents) {
    this.#config = config;
    this.#on = on;
    this.#goneAfterMs = maxMissedHeartbeats * config.heartbeatMs;
  }

  /** Rejects if there is no line to begin with. */
  async open(): Promise<void> {
    await this.#connect();
    this.#next(this.#config.heartbeatMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
    const { database, id } = this.#config;
    await database.query(`DELETE FROM ${database.schema}.servers WHERE id = $1`, [id]).catch(() => {});
    await this.#drop();
  }

  #next(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#tick();
    }, ms);
  }

  async #tick(): Promise<void> {
    try {
      if (this.#client) await this.#sendHeartbeat(this.#client);
      else await this.#connect();
      this.#failures = 0;
      this.#next(this.#config.heartbeatMs);
    } catch (error) {
      this.#failures++;
      this.#config.logger.warn('the line to PostgreSQL is down', error);
      await this.#drop();
      this.#checkSilence();
      this.#next(Math.min(maxRetryMs, this.#config.heartbeatMs * this.#failures));
    }
  }

  async #connect(): Promise<void> {
    const { database, channel } = this.#config;
    const client = await this.#openClient(database);
    this.#client = client;
    client.on('notification', ({ payload }) => {
      if (payload !== undefined && client === this.#client) this.#receive(JSON.parse(payload) as Payload);
    });
    // Not at the next beat: now.
    client.on('error', () => client === this.#client && this.#reconnect());
    client.on('end', () => client === this.#client && this.#reconnect());
    await within(client.query(`LISTEN ${client.escapeIdentifier(channel)}`), this.#goneAfterMs);
    await this.#probe(client);
    this.#on.up();
    this.#isLost = false;
    await this.#sendHeartbeat(client);
  }

  #receive(payload: Payload): void {
    if (payload[0] !== 'probe') {
      // Behind a pooler a few arrive by chance, when this connection is the one that listens: the table has all of them.
      if (!this.#isDeaf) this.#on.received(payload);
    } else if (payload[1] === this.#config.id) this.#probed?.();
  }

  /** Whether notifications arrive here. Behind a pooler that shares connections they never do, and LISTEN says nothing of it. */
  async #probe(client: Client): Promise<void> {
    const { database, channel, id, logger } = this.#config;
    const heard = new Promise<void>((resolve) => (this.#probed = resolve));
    const { rows } = await within(
      client.query<{ listens: boolean }>('SELECT $1 IN (SELECT pg_listening_channels()) AS listens', [channel]),
      this.#goneAfterMs,
    );
    await database.query('SELECT pg_notify($1, $2)', [channel, JSON.stringify(['probe', id] satisfies Payload)]);
    const isHeard =
      rows[0]?.listens === true &&
      (await within(heard, probeMs).then(
        () => true,
        () => false,
      ));
    this.#probed = undefined;
    if (isHeard) this.#on.hears();
    else {
      if (!this.#isDeaf)
        logger.warn(
          'Notifications of PostgreSQL do not arrive: there may be a pooler in transaction mode in front of it. Presence and broadcasts ' +
            'are read from a table instead, a little later; give the server an address without a pooler to avoid that.',
        );
      this.#on.deaf();
    }
    this.#isDeaf = !isHeard;
  }

  /** A connection that breaks while it is being made may never say so. */
  async #openClient(database: Database): Promise<Client> {
    const connecting = database.connect();
    try {
      return await within(connecting, this.#goneAfterMs);
    } catch (error) {
      connecting.then(
        (late) => late.end(),
        () => {},
      );
      throw error;
    }
  }

  #reconnect(): void {
    this.#client = undefined;
    clearTimeout(this.#timer);
    void this.#running.then(() => {
      clearTimeout(this.#timer);
      this.#next(0);
    });
  }

  async #sendHeartbeat(client: Client): Promise<void> {
    const { database, id, apps, readsWal, logger } = this.#config;
    const { schema } = database;
    this.#checkSilence();
    await within(
      client.query(
        `INSERT INTO ${schema}.servers (id, seen, reads_wal, polls) VALUES ($1, clock_timestamp(), $2, $3)
         ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, reads_wal = excluded.reads_wal, polls = excluded.polls`,
        [id, readsWal(), this.#isDeaf],
      ),
      this.#goneAfterMs,
    );
    const lately = `SELECT id, reads_wal, polls FROM ${schema}.servers WHERE seen > clock_timestamp() - $1 * interval '1 millisecond' AND id <> $2`;
    const { rows } = await within(
      client.query<{ id: string; reads_wal: boolean; polls: boolean }>(lately, [this.#goneAfterMs, id]),
      this.#goneAfterMs,
    );
    // An app that is not there any more has a log that ends at 0.
    const where = `SELECT given AS app, coalesce(heads.tx, 0) AS tx, coalesce(substring(log.entry FROM '^{"id":"([^"]*)"'), '') AS id
      FROM unnest($1::text[]) AS given LEFT JOIN ${schema}.heads ON heads.app = given
      LEFT JOIN ${schema}.log ON log.app = heads.app AND log.tx = heads.tx`;
    const heads = await within(client.query<{ app: string; tx: string; id: string }>(where, [apps()]), this.#goneAfterMs);
    this.#lastHeartbeatMs = performance.now();
    if (this.#isLost) this.#on.up();
    this.#isLost = false;
    this.#on.heartbeat(
      rows.map((row) => ({ id: row.id, readsWal: row.reads_wal, polls: row.polls })),
      new Map(heads.rows.map(({ app, tx, id: lastId }) => [app, { txId: Number(tx), lastId }])),
    );
    if (++this.#heartbeats % sweepEvery === 0)
      this.#sweep(client).catch((error: unknown) => logger.warn('PostgreSQL was not swept', error));
  }

  async #sweep(client: Client): Promise<void> {
    const { schema } = this.#config.database;
    await client.query(`DELETE FROM ${schema}.servers WHERE seen < clock_timestamp() - interval '10 minutes'`);
    await client.query(`DELETE FROM ${schema}.letters WHERE at < clock_timestamp() - interval '10 minutes'`);
  }

  #checkSilence(): void {
    if (this.#isLost || performance.now() - this.#lastHeartbeatMs < this.#goneAfterMs) return;
    this.#isLost = true;
    this.#on.lost();
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client) await within(client.end(), 1000).catch(() => {});
  }
}

/** PostgreSQL may be out of reach without the connection knowing. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // If it was we who slept, what has come meanwhile is read first.
    timer = setTimeout(() => setImmediate(() => setImmediate(() => reject(new Error(`no answer within ${ms} ms`)))), ms);
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
