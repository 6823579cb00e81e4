// A real PostgreSQL for tests, on a free port, with its files in a temporary folder. Where there is none it is installed, if we may;
// if we may not, the tests fail and say so.

import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface Postgres {
  /** Of a database that is empty at first. */
  readonly url: string;
  readonly port: number;
  /** Another empty one on the same server. */
  createDatabase(name: string): Promise<string>;
  /** As if the power had failed, and come back. */
  crash(): Promise<void>;
  /** Down until it is started again. */
  halt(): Promise<void>;
  start(): Promise<void>;
  /** Everything in a database as it is now; the function that is returned makes it so again, under whoever is connected. */
  dump(name: string): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  readonly walLevel?: 'replica' | 'logical';
  readonly fsync?: boolean;
}

const installed = '/usr/lib/postgresql';

export async function startPostgres({ walLevel = 'replica', fsync = false }: PostgresOptions = {}): Promise<Postgres> {
  const bin = binaries();
  const owner = ownerOf();
  const root = mkdtempSync(join(tmpdir(), 'triplane-postgres-'));
  if (owner) chownSync(root, owner.uid, owner.gid);
  const data = join(root, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'triplane', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'], {
    stdio: 'pipe',
    cwd: root,
    ...owner,
  });
  const port = await freePort();
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${root}`,
    `wal_level=${walLevel}`,
    `fsync=${fsync ? 'on' : 'off'}`,
    // A server holds up to a dozen, and the recordings run twenty servers at a time.
    'max_connections=400',
  ];
  const start = (): Running => run(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], root, owner);
  let running = start();
  const urlOf = (name: string): string => `postgres://triplane@127.0.0.1:${port}/${name}`;
  await isReady(urlOf('postgres'), running);
  const createDatabase = async (name: string): Promise<string> => {
    await query(urlOf('postgres'), `CREATE DATABASE ${name}`);
    return urlOf(name);
  };
  return {
    url: await createDatabase('triplane'),
    port,
    createDatabase,
    async crash() {
      await running.end('SIGQUIT');
      running = start();
      await isReady(urlOf('postgres'), running);
    },
    halt: () => running.end('SIGINT'),
    async start() {
      running = start();
      await isReady(urlOf('postgres'), running);
    },
    async dump(name) {
      const options = { stdio: 'pipe', maxBuffer: 1e9 } as const;
      const text = execFileSync(join(bin, 'pg_dump'), ['--clean', '--if-exists', '-d', urlOf(name)], options);
      return async () => {
        execFileSync(join(bin, 'psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '--single-transaction', '-d', urlOf(name)], {
          ...options,
          input: text,
        });
      };
    },
    async stop() {
      await running.end('SIGQUIT');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export async function query(url: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function binaries(): string {
  const found = newest();
  if (found) return found;
  if (process.getuid?.() !== 0) throw new Error('These tests need PostgreSQL: apt-get install postgresql');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'postgresql'], { env, stdio: 'pipe' });
  const now = newest();
  if (!now) throw new Error(`PostgreSQL was installed, and is not in ${installed}`);
  return now;
}

function newest(): string | undefined {
  if (!existsSync(installed)) return undefined;
  const versions = readdirSync(installed).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(installed, version, 'bin')).find((bin) => existsSync(join(bin, 'postgres')));
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL does not run as root. */
function ownerOf(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

interface Running {
  readonly said: () => string;
  signal(signal: NodeJS.Signals): void;
  end(signal: NodeJS.Signals): Promise<void>;
}

function run(command: string, args: readonly string[], cwd: string, owner: Owner | undefined): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd, ...owner });
  let sent = '';
  child.stderr.on('data', (data) => (sent = (sent + String(data)).slice(-10_000)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const endWithUs = (): void => void child.kill('SIGQUIT');
  process.once('exit', endWithUs);
  return {
    said: () => sent,
    signal: (signal) => void child.kill(signal),
    async end(signal) {
      process.off('exit', endWithUs);
      child.kill(signal);
      await ended;
    },
  };
}

export type PoolMode = 'session' | 'transaction' | 'statement';

export interface Pooler {
  urlOf(name: string): string;
  /** For the connections that are open, too. */
  setMode(mode: PoolMode): void;
  stop(): Promise<void>;
}

/** PgBouncer in front of a server; installed where there is none, if we may. */
export async function startPooler({ port }: Postgres, startMode: PoolMode = 'transaction'): Promise<Pooler> {
  const bin = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path)) ?? installPooler();
  const owner = ownerOf();
  const root = mkdtempSync(join(tmpdir(), 'triplane-pooler-'));
  const own = await freePort();
  const settingsFor = (mode: PoolMode): string[] => [
    ...['[databases]', `* = host=127.0.0.1 port=${port} user=triplane`, '[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${own}`],
    ...[`pool_mode = ${mode}`, 'auth_type = any', 'unix_socket_dir =', 'max_client_conn = 200', 'default_pool_size = 20'],
    'ignore_startup_parameters = extra_float_digits',
  ];
  const file = join(root, 'pgbouncer.ini');
  const write = (mode: PoolMode): void => writeFileSync(file, settingsFor(mode).join('\n'));
  write(startMode);
  if (owner) chownSync(root, owner.uid, owner.gid);
  const running = run(bin, [file], root, owner);
  const urlOf = (name: string): string => `postgres://triplane@127.0.0.1:${own}/${name}`;
  await isReady(urlOf('postgres'), running);
  return {
    urlOf,
    setMode(mode) {
      write(mode);
      running.signal('SIGHUP');
    },
    async stop() {
      await running.end('SIGKILL');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function installPooler(): string {
  if (process.getuid?.() !== 0) throw new Error('These tests need PgBouncer: apt-get install pgbouncer');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'pgbouncer'], { env, stdio: 'pipe' });
  return '/usr/sbin/pgbouncer';
}

async function isReady(url: string, running: Running): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    try {
      await query(url, 'SELECT 1');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`PostgreSQL does not start:\n${running.said()}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
