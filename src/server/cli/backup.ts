// `triplane backup`: requests a copy of the file from a running server, or makes one if no server is running.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { isLoopback } from '../client-address.ts';
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
  const refusal = target ? await askServer(path, target) : noServer;
  if (refusal !== undefined) {
    await copyFolder(path, folder, refusal);
    if (target && refusal !== noServer) print(`Copied from ${folder}. ${refusal}`);
  }
  print(`Written: ${path}`);
}

/** If no server uses it. */
async function copyFolder(path: string, folder: string, refusal: string): Promise<void> {
  // Checked first, because `sqlite` would create an empty file.
  if (!existsSync(join(folder, fileName)))
    throw new TriplaneError('config-invalid', `${refusal}, and there is no ${join(folder, fileName)}: nothing to copy`);
  const storage = await sqlite(folder).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TriplaneError('storage-failed', `${refusal}, and ${why}. Name the server with --url`, { cause });
  });
  try {
    await storage.backup?.(path);
  } finally {
    await storage.close();
  }
}

const noServer = 'No server answers';

/** @returns undefined if it made the copy, otherwise why another server than that of the folder may be meant */
async function askServer(file: string, { url, adminToken, operatorToken = adminToken }: Target): Promise<string | undefined> {
  const response = await fetch(`${url}/admin/backup`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ file }),
  }).catch(() => undefined);
  if (!response) return noServer;
  if (response.ok) return undefined;
  // On this machine, the server of the folder would know the token.
  if (isOtherServer.has(response.status) && isOfThisMachine(url)) return `The server at ${url} does not know the token of this folder`;
  const body: unknown = await response.json().catch(() => undefined);
  const message = isObject(body) && typeof body.message === 'string' ? body.message : `status ${response.status}`;
  throw new TriplaneError('storage-failed', `The server at ${url} made no backup: ${message}`);
}

const isOtherServer: ReadonlySet<number> = new Set([401, 403, 404, 405, 501]);

function isOfThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || isLoopback(hostname);
}
