// The data directory of a server started from the command line: its storage and its identity (an app id and an admin token), which stays
// the same.

import { existsSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isTriplaneError, TriplaneError } from '../../errors.ts';
import type { Log } from '../../lib/log.ts';
import { id } from '../../lib/uuid.ts';
import { makeFolder } from '../storage/sqlite/sqlite.ts';
import { memory } from '../storage/memory.ts';
import { postgres } from '../storage/postgres/postgres.ts';
import { sqlite } from '../storage/sqlite/sqlite.ts';
import type { Storage } from '../storage/storage.ts';
import { privateFile } from '../private-files.ts';

export interface DataDirOptions {
  readonly memory?: boolean | undefined;
  /** The path of the directory. */
  readonly data?: string | undefined;
  /** The URL of a PostgreSQL database. */
  readonly database?: string | undefined;
}

export interface DataDir {
  readonly storage: Storage;
  /** For display. */
  readonly where: string;
  /** Undefined for storage in memory, whose identity ends with the process. */
  readonly identity: Identity | undefined;
}

export interface Identity {
  readonly appId: string;
  readonly adminToken: string;
  /** Missing in files written by earlier versions. */
  readonly operatorToken?: string;
}

export const defaultFolder = '.triplane';

export async function openDataDir(options: DataDirOptions, log: Log): Promise<DataDir> {
  if (options.memory && (options.data !== undefined || options.database !== undefined)) {
    throw new TriplaneError('config-invalid', '--memory cannot be combined with --data or --database');
  }
  if (options.memory) return { storage: memory(), where: 'in memory only', identity: undefined };
  const folder = options.data ?? defaultFolder;
  const opened = await openStorage(options, log).catch((error: unknown) => {
    // An explicitly requested folder must work; by default, the server falls back to memory.
    if (options.data !== undefined || !isTriplaneError(error) || error.code !== 'dependency-missing') throw error;
    log.warn(`WARNING: data is kept in memory only, and is gone when the server stops. ${error.message}`);
    return undefined;
  });
  if (!opened) return { storage: memory(), where: 'in memory only', identity: await identityIn(folder) };
  try {
    return { ...opened, identity: await identityIn(options.data ?? defaultFolder) };
  } catch (error) {
    await opened.storage.close();
    throw error;
  }
}

/** Without an identity. */
export async function openStorage({ data = defaultFolder, database }: DataDirOptions, log: Log): Promise<Omit<DataDir, 'identity'>> {
  if (database === undefined) return { storage: await sqlite(data), where: `in ${displayPath(data)}` };
  return { storage: await postgres(database, { log }), where: `in PostgreSQL at ${hostOf(database)}` };
}

const identityFile = 'server.json';

/** Created at the first start. Read access to the directory grants admin access. */
export async function identityIn(folder: string): Promise<Identity> {
  const path = join(folder, identityFile);
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found === undefined) {
    await writeIdentity(folder, { appId: id(), adminToken: id(), operatorToken: id() });
    return readIdentity(await readFile(path, 'utf8'), path);
  }
  return withOperator(readIdentity(found, path), path);
}

/** Unless it exists. */
async function writeIdentity(folder: string, made: Identity): Promise<void> {
  const path = join(folder, identityFile);
  await makeFolder(folder);
  const own = `${path}.${made.appId}.new`;
  await writeFile(own, `${JSON.stringify(made, undefined, 2)}\n`, { mode: privateFile });
  try {
    // If several servers start at once, the first one's identity applies to all: `link` never replaces a file.
    await link(own, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * The identity of a folder into which an app is imported: the app's, if no server was started there yet. A given admin token always applies
 * to the app. `keep` stores it.
 */
export async function adoptedIdentity(
  folder: string,
  given: { readonly appId: string; readonly adminToken: string | undefined },
): Promise<Identity & { readonly keep: () => Promise<void> }> {
  const path = join(folder, identityFile);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const found =
    text === undefined ? { appId: given.appId, adminToken: given.adminToken ?? id(), operatorToken: id() } : readIdentity(text, path);
  const keep = async (): Promise<void> => (text === undefined ? writeIdentity(folder, found) : undefined);
  return { appId: found.appId, adminToken: given.adminToken ?? found.adminToken, keep };
}

async function withOperator(known: Identity, path: string): Promise<Identity> {
  if (known.operatorToken !== undefined) return known;
  const whole: Identity = { ...known, operatorToken: id() };
  const next = `${path}.${id()}.new`;
  await writeFile(next, `${JSON.stringify(whole, undefined, 2)}\n`, { mode: privateFile });
  await rename(next, path);
  return whole;
}

function readIdentity(text: string, path: string): Identity {
  try {
    const { appId, adminToken, operatorToken } = JSON.parse(text) as Partial<Identity>;
    if (typeof appId === 'string' && typeof adminToken === 'string')
      return { appId, adminToken, ...(typeof operatorToken === 'string' && { operatorToken }) };
  } catch {
    // Reported below.
  }
  throw new TriplaneError('config-invalid', `${path} has no app id and admin token: repair it, or delete it to create new ones`);
}

function displayPath(folder: string): string {
  const short = relative(process.cwd(), folder);
  return short === '' || short.startsWith('..') ? folder : `./${short}`;
}

/** Host and database of a URL, without the password. */
function hostOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}
