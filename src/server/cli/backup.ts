// `triplane backup`: asks a running server for a copy of its file, or makes one where no server runs.

import { resolve } from 'node:path';
import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { sqlite } from '../storage/sqlite/sqlite.ts';
import type { Target } from './project-push.ts';

/** Rejects with TriplaneError if no copy could be made. `target`: of the server, if its token is known. */
export async function backup(file: string, folder: string, target: Target | undefined, print: (line: string) => void): Promise<void> {
  const path = resolve(file);
  if (!(target && (await askServer(path, target)))) {
    const storage = await sqlite(folder);
    try {
      await storage.backup?.(path);
    } finally {
      await storage.close();
    }
  }
  print(`Written: ${path}`);
}

/** @returns false if there is no server */
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
