// A storage in PostgreSQL, 15 or later. Several servers, on one or many machines, may share it and serve the same apps: each is notified of
// the others' appends and of which servers are alive.

import { TriplaneError } from '../../../errors.ts';
import { type Log, silent } from '../../../lib/log.ts';
import { id } from '../../../lib/uuid.ts';
import type { Relay } from '../storage.ts';
import type { Storage } from '../storage.ts';
import { Cluster } from './cluster.ts';
import { Database } from './database.ts';
import { PostgresLog } from './log.ts';
import { prepare } from './schema.ts';
import { postgresStage } from './stage.ts';

export interface PostgresOptions {
  /** Schema of the tables; created if missing. Default `triplane`. */
  readonly schema?: string;
  readonly log?: Log;
  /** Heartbeat interval of a server; one that is silent for four times as long counts as gone. Default 1000. */
  readonly heartbeatMs?: number;
}

/**
 * Opens a storage in PostgreSQL. Needs `npm install pg`, and the right to create a schema. If `wal_level` is `logical` and the role may
 * replicate, servers receive each other's appends from the WAL, otherwise by NOTIFY.
 *
 * @example
 * const server = await createServer({ storage: await postgres(process.env.DATABASE_URL) });
 */
export async function postgres(url: string, options: PostgresOptions = {}): Promise<Storage & { readonly relay: Relay }> {
  const { schema = 'triplane', log: logger = silent, heartbeatMs = 1000 } = options;
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(schema)) {
    throw new TriplaneError('config-invalid', `postgres: a schema is named in small letters, digits and _, and not '${schema}'`);
  }
  const database = await Database.load(url, schema, logger);
  const cluster = new Cluster({ database, schemaName: schema, id: id(), heartbeatMs, logger });
  const close = async (): Promise<void> => {
    await cluster.close();
    await database.close();
  };
  try {
    await prepare(database, schema);
    await cluster.open();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    relay: cluster,
    async open(appId) {
      await database.query(`INSERT INTO ${database.schema}.heads (app, tx) VALUES ($1, 0) ON CONFLICT DO NOTHING`, [appId]);
      return new PostgresLog(appId, database, cluster);
    },
    stage: (appId) => postgresStage(appId, database),
    apps: async () =>
      (await database.query<{ app: string }>(`SELECT app FROM ${database.schema}.heads ORDER BY app`)).map(({ app }) => app),
    close,
  };
}
