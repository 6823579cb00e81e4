// A storage in PostgreSQL, 15 or later. Several servers, on one machine or many, may use the same one and serve the same apps:
// each hears of what the others append, and is told who else is there.

import { TriplaneError } from '../../../errors.ts';
import { type Log, silent } from '../../../lib/log.ts';
import { id } from '../../../lib/uuid.ts';
import type { Relay } from '../storage.ts';
import type { AppLog, Storage } from '../storage.ts';
import { Cluster } from './cluster.ts';
import { Database } from './database.ts';
import { PostgresLog } from './log.ts';
import { prepare } from './schema.ts';
import { postgresStage } from './stage.ts';

export interface PostgresOptions {
  /** Where the tables are; made if it is not there. `triplane` if not given. */
  readonly schema?: string;
  readonly log?: Log;
  /** How often a server says that it is there; who is silent for four times as long is gone. 1000 if not given. */
  readonly heartbeatMs?: number;
}

/**
 * Needs `npm install pg`, and the right to make a schema. Where `wal_level` is `logical` and the user may replicate, servers
 * hear of each other's appends from the WAL; anywhere else by NOTIFY.
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
  const logs = new Map<string, AppLog>();
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
      const known = logs.get(appId);
      if (known) return known;
      await database.query(`INSERT INTO ${database.schema}.heads (app, tx) VALUES ($1, 0) ON CONFLICT DO NOTHING`, [appId]);
      const log = logs.get(appId) ?? new PostgresLog(appId, database, cluster);
      logs.set(appId, log);
      return log;
    },
    stage: (appId) => postgresStage(appId, database),
    apps: async () =>
      (await database.query<{ app: string }>(`SELECT app FROM ${database.schema}.heads ORDER BY app`)).map(({ app }) => app),
    close,
  };
}
