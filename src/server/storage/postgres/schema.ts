// The tables, in a schema of their own, and their version.

import { TriplaneError } from '../../../errors.ts';
import type { Database, PoolClient } from './database.ts';

const version = 1;

/** For WAL readers: rows added to the log. */
export const publicationOf = (schema: string): string => `${schema}_log`;

/**
 * `heads`: an app, the last transaction of its log, and the transaction of its snapshot. Concurrent appends wait for this row. `servers`
 * and `letters` are transient: messages between servers.
 */
const tables = (schema: string): string => `
  CREATE SCHEMA IF NOT EXISTS ${schema};
  CREATE TABLE ${schema}.heads (app text PRIMARY KEY, tx bigint NOT NULL, snapshot bigint);
  CREATE TABLE ${schema}.log (app text NOT NULL, tx bigint NOT NULL, entry text NOT NULL, PRIMARY KEY (app, tx));
  CREATE TABLE ${schema}.snapshots (app text NOT NULL, tx bigint NOT NULL, part integer NOT NULL, body text NOT NULL, PRIMARY KEY (app, tx, part));
  CREATE UNLOGGED TABLE ${schema}.servers (id text PRIMARY KEY, seen timestamptz NOT NULL, reads_wal boolean NOT NULL);
  CREATE UNLOGGED TABLE ${schema}.letters (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), body text NOT NULL);
  CREATE TABLE ${schema}.version (version integer NOT NULL);
  INSERT INTO ${schema}.version VALUES (${version});
`;

/** Added later; servers that do not set it count as false. */
async function addPolls(client: PoolClient, name: string, schema: string): Promise<void> {
  const known = `SELECT 1 FROM information_schema.columns WHERE table_schema = $1 AND table_name = 'servers' AND column_name = 'polls'`;
  const { rows } = await client.query(known, [name]);
  if (rows.length === 0) await client.query(`ALTER TABLE ${schema}.servers ADD COLUMN polls boolean NOT NULL DEFAULT false`);
}

/** Many servers may start at the same moment. */
export async function prepare(database: Database, name: string): Promise<void> {
  const { schema } = database;
  const found = await database.transaction('write', async (client) => {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`triplane ${name}`]);
    const { rows } = await client.query<{ found: string | null }>('SELECT to_regclass($1)::text AS found', [`${schema}.version`]);
    if (rows[0]?.found == null) await client.query(tables(schema));
    await addPolls(client, name, schema);
    const { rows: versions } = await client.query<{ version: number }>(`SELECT version FROM ${schema}.version`);
    return versions[0]?.version;
  });
  if (found !== version) {
    throw new TriplaneError(
      'storage-failed',
      `The schema ${name} in PostgreSQL is of version ${found}, and this is for version ${version}`,
    );
  }
}
