// A storage in one SQLite file, as used by `triplane dev`. One server at a time may use it.

import { join } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';

import type { Storage } from '../storage.ts';
import { diskFiles } from '../../files/disk-files.ts';
import { privateFolder } from '../../private-files.ts';
import { SubscribersByApp } from '../log-subscribers.ts';
import { SqliteFile } from './file.ts';
import { SqliteLog } from './log.ts';
import { TriplaneError } from '../../../errors.ts';
import { prepare } from './schema.ts';
import { Place } from './place.ts';
import { sqliteStage } from './stage.ts';
import { type Connection, loadSqlite } from './binding.ts';

export async function makeFolder(folder: string): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true, mode: privateFolder });
    if (made !== undefined) await writeFile(join(folder, '.gitignore'), '*\n');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TriplaneError('storage-failed', `The folder ${folder} cannot be made: ${why}`, { cause });
  }
}

/** The database file in the folder. */
export const fileName = 'triplane.db';

/**
 * Opens a storage in an SQLite file. Acknowledged writes survive a killed process and a loss of power. Node 22.13 and later include SQLite;
 * earlier versions need `npm install libsql`.
 *
 * @param folder created if missing
 * @example
 * const server = await createServer({ storage: await sqlite('./.triplane') });
 */
export async function sqlite(folder: string): Promise<Storage> {
  const open = await loadSqlite();
  const path = join(folder, fileName);
  await makeFolder(folder);
  const file = opened(() => open(path), path);
  const subscribers = new SubscribersByApp();
  return {
    files: diskFiles(join(folder, 'files')),
    async open(appId) {
      const isThere = file.read(() => file.prepared('SELECT 1 FROM heads WHERE app = ?').get(appId)) !== undefined;
      if (!isThere) await file.write(() => file.prepared('INSERT INTO heads (app, tx) VALUES (?, 0) ON CONFLICT DO NOTHING').run(appId));
      return new SqliteLog(appId, file, subscribers);
    },
    stage: (appId) => sqliteStage(appId, file),
    apps: async () => file.read(() => file.prepared('SELECT app FROM heads ORDER BY app').all() as { app: string }[]).map(({ app }) => app),
    backup: (target) => file.backup(target),
    close: () => file.close(),
  };
}

function opened(open: () => Connection, path: string): SqliteFile {
  let connection: Connection | undefined;
  try {
    connection = open();
    const place = new Place(path);
    prepare(connection, path);
    place.watch();
    return new SqliteFile(connection, path, place);
  } catch (cause) {
    // The place stays open: this process may have the file open already, and is to keep its locks.
    connection?.close();
    if (cause instanceof TriplaneError) throw cause;
    throw new TriplaneError('storage-failed', `${path} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
