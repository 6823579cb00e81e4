// An app under construction in PostgreSQL: chunks of a snapshot under a reserved name, which become the app's in one transaction.

import type { Appended, Stage } from '../storage.ts';
import type { Database } from './database.ts';

const stagedAs = (app: string): string => `${app} staged`;

export async function postgresStage(app: string, database: Database): Promise<Stage> {
  const { schema } = database;
  const name = stagedAs(app);
  const [head] = await database.query<{ tx: string }>(`SELECT tx FROM ${schema}.heads WHERE app = $1`, [app]);
  const [count] = await database.query<{ parts: number }>(`SELECT count(*)::int AS parts FROM ${schema}.snapshots WHERE app = $1`, [name]);
  const txId = Number(head?.tx ?? 0);
  let length = count?.parts ?? 0;
  return {
    txId,
    get length() {
      return length;
    },
    async add(chunk) {
      await database.query(`INSERT INTO ${schema}.snapshots (app, tx, part, body) VALUES ($1, 0, $2, $3)`, [name, length, chunk]);
      length++;
    },
    async read(at) {
      const find = `SELECT body FROM ${schema}.snapshots WHERE app = $1 AND tx = 0 AND part = $2`;
      return (await database.query<{ body: string }>(find, [name, at]))[0]?.body;
    },
    publish: (next) => publish(database, { app, name, from: txId, to: next }),
    async discard() {
      await database.query(`DELETE FROM ${schema}.snapshots WHERE app = $1`, [name]);
      length = 0;
    },
  };
}

interface Move {
  readonly app: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The head is moved first: a concurrent append waits for it and is then behind. */
function publish(database: Database, { app, name, from, to }: Move): Promise<Appended> {
  const { schema } = database;
  return database.transaction('write', async (client): Promise<Appended> => {
    await client.query(`INSERT INTO ${schema}.heads (app, tx) VALUES ($1, 0) ON CONFLICT DO NOTHING`, [app]);
    const move = `UPDATE ${schema}.heads SET tx = $2, snapshot = $2 WHERE app = $1 AND tx = $3`;
    const { rowCount } = await client.query(move, [app, to, from]);
    if (rowCount !== 1) return 'behind';
    await client.query(`DELETE FROM ${schema}.snapshots WHERE app = $1`, [app]);
    await client.query(`DELETE FROM ${schema}.log WHERE app = $1`, [app]);
    await client.query(`UPDATE ${schema}.snapshots SET app = $1, tx = $2 WHERE app = $3`, [app, to, name]);
    return 'appended';
  });
}
