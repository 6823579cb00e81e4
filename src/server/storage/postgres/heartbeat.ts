// The permanent connection: receives notifications and sends heartbeats. With each heartbeat a server announces itself, reads which others
// are alive, and checks the heads of its logs, so that a missed notification is noticed one second later. A broken connection is replaced;
// nothing that may have happened in between is taken for known.
//
//   down ── connected, listening ──▶ up ── error, or a heartbeat without a response ──▶ down …
//   after the heartbeat timeout, `down` means that the servers consider each other gone

import type { Log } from '../../../lib/log.ts';
import { guard } from '../../guarded.ts';
import type { Client, Database } from './database.ts';
import type { Member } from './membership.ts';
import type { Payload } from './notify-queue.ts';

/** The end of a log; `lastId` is empty if the entry's id is unknown. */
export interface LogHead {
  readonly txId: number;
  readonly lastId: string;
}

export interface HeartbeatEvents {
  /** Events during the interruption are unknown. */
  up(): void;
  /** Disconnected, or without a successful heartbeat, for so long that other servers consider this one gone. */
  lost(): void;
  heartbeat(members: readonly Member[], heads: ReadonlyMap<string, LogHead>): void;
  received(payload: Payload): void;
  /** Notifications do not arrive on this connection: messages must be read from the table. */
  deaf(): void;
  /** Notifications arrive. */
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

/** How long this server's own notification may take to return. */
const probeMs = 1000;

/** Heartbeats between two checks whether notifications still arrive: a pooler may be put into transaction mode at any time. */
const probeEvery = 5;
/** Heartbeats by which the notification must have returned: on this connection, it comes before the response to the next one. */
const probeWithin = 2;

/** Missed heartbeats after which a server counts as gone. */
const maxMissedHeartbeats = 4;
/** Heartbeats between two clean-ups of outdated rows. */
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
  #probesHeard = 0;
  /** Heartbeats since a probe was sent that has not returned. */
  #unheard: number | undefined;
  #heartbeats = 0;
  #failures = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(config: HeartbeatConfig, on: HeartbeatEvents) {
    this.#config = config;
    this.#on = on;
    this.#goneAfterMs = maxMissedHeartbeats * config.heartbeatMs;
  }

  /** Rejects if the first connection fails. */
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
      this.#checkHearing();
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
    const guarded = guard(this.#config.logger, 'a notification could not be read');
    client.on('notification', ({ payload }) => {
      if (payload !== undefined && client === this.#client) guarded(() => this.#receive(JSON.parse(payload) as Payload));
    });
    // Immediately, not at the next heartbeat.
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
      // Behind a pooler, a few arrive by chance when this connection is the listening one; the table has all of them.
      if (!this.#isDeaf) this.#on.received(payload);
    } else if (payload[1] === this.#config.id) {
      this.#probesHeard++;
      this.#unheard = undefined;
      this.#probed?.();
    }
  }

  /** @throws if notifications stopped to arrive on this connection: the next one finds out how messages are to be received */
  #checkHearing(): void {
    if (this.#isDeaf) return;
    if (this.#unheard === undefined && this.#heartbeats % probeEvery === 0) void this.#probeAgain();
    else if (this.#unheard !== undefined && ++this.#unheard > probeWithin) throw new Error('notifications do not arrive any more');
  }

  async #probeAgain(): Promise<void> {
    const heardBefore = this.#probesHeard;
    // A database that is out of reach is noticed by the heartbeat.
    const isSent = await this.#sendProbe().then(
      () => true,
      () => false,
    );
    if (isSent && this.#probesHeard === heardBefore) this.#unheard = 0;
  }

  /** Over another connection: one that notifies itself always hears it. */
  #sendProbe(): Promise<unknown> {
    const { database, channel, id } = this.#config;
    return database.query('SELECT pg_notify($1, $2)', [channel, JSON.stringify(['probe', id] satisfies Payload)]);
  }

  /** Whether notifications arrive here. Behind a pooler that shares connections they never do, and LISTEN does not report it. */
  async #probe(client: Client): Promise<void> {
    const { channel, logger } = this.#config;
    const heard = new Promise<void>((resolve) => (this.#probed = resolve));
    const { rows } = await within(
      client.query<{ listens: boolean }>('SELECT $1 IN (SELECT pg_listening_channels()) AS listens', [channel]),
      this.#goneAfterMs,
    );
    await this.#sendProbe();
    const isHeard =
      rows[0]?.listens === true &&
      (await within(heard, probeMs).then(
        () => true,
        () => false,
      ));
    this.#probed = undefined;
    this.#unheard = undefined;
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

  /** A connection that breaks while being established may never report it. */
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
    // The log of an app that no longer exists ends at 0.
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
    // Read within a second or never, and as large as a client's frames.
    await client.query(`DELETE FROM ${schema}.letters WHERE at < clock_timestamp() - interval '1 minute'`);
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

/** PostgreSQL may be unreachable without the connection noticing. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // If this process was paused, pending input is read first.
    timer = setTimeout(() => setImmediate(() => setImmediate(() => reject(new Error(`no answer within ${ms} ms`)))), ms);
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
