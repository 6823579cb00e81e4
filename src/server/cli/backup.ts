// `triplane backup`: requests a copy of the file from a running server, or makes one if no server is running.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { fileName, sqlite } from '../storage/sqlite/sqlite.ts';
import type { Target } from './project-request.ts';

export interface BackupSource {
  /** The data directory. */
  readonly folder: string;
  /** URL of the PostgreSQL database, if the data is there. */
  readonly database?: string | undefined;
  /** The server, if its token is known. */
  readonly target?: Target | undefined;
}

/** Rejects with TriplaneError if no copy could be made. */
export async function backup(file: string, { folder, database, target }: BackupSource, print: (line: string) => void): Promise<void> {
  if (database !== undefined) throw new TriplaneError('config-invalid', 'The data is in PostgreSQL: use pg_dump');
  const path = resolve(file);
  if (!(target && (await askServer(path, target)))) {
    // Checked first, because `sqlite` would create an empty file.
    if (!existsSync(join(folder, fileName)))
      throw new TriplaneError('config-invalid', `No server answers, and there is no ${join(folder, fileName)}: nothing to copy`);
    const storage = await sqlite(folder);
    try {
      await storage.backup?.(path);
    } finally {
      await storage.close();
    }
  }
  print(`Written: ${path}`);
}

/** @returns false if no server is running */
async function askServer(file: string, { url, adminToken, operatorToken = adminToken }: Target): Promise<boolean> {
  const response = await fetch(`${url}/admin/backup`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ file }),
  }).catch(() => undefined);
  if (!response) return false;
  if (response.ok) return true;
  const body: unknown = await response.json().catch(() => undefined);
  const message = isObject(body) && typeof body.message === 'string' ? body.message : `status ${response.status}`;
  throw new TriplaneError('storage-failed', `The server at ${url} made no backup: ${message}`);
}
