// Backups of single apps made by a running server, for `instant-cli backup` and for imports by other servers. Kept beside the server until
// it stops, for at most a day, and only the most recent of each app.

import { createHmac, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { isSameSecret } from '../auth/secrets.ts';
import { locationIn } from '../files/file-entities.ts';
import type { App } from '../session/app.ts';
import { BackupContent } from './backup-content.ts';
import { privateFile } from '../private-files.ts';

export interface BackupJob {
  readonly id: string;
  readonly appId: string;
  readonly description: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly status: 'processing' | 'completed' | 'errored' | 'cancelled';
  readonly estimate: number;
  readonly completed: number | null;
  readonly backup: string | null;
}

export interface AppBackup {
  readonly id: string;
  readonly appId: string;
  readonly description: string;
  readonly at: number;
  readonly expiresAt: number;
  readonly files: readonly { readonly name: string; readonly size: number }[];
  /** The app's own files by location, with the key of their bytes. */
  readonly locations: readonly { readonly location: string; readonly path: string }[];
}

interface Config {
  readonly clock: Clock;
  readonly log: Log;
  readonly uuid: () => string;
}

const lifetimeMs = 24 * 3_600_000;
const urlLifetimeMs = 3_600_000;
const keptOfEachApp = 3;
const keptJobs = 100;

export class AppBackups {
  readonly #config: Config;
  readonly #key = randomBytes(32);
  readonly #jobs = new Map<string, BackupJob>();
  readonly #backups = new Map<string, AppBackup>();
  readonly #running = new Map<string, Promise<void>>();
  #folder: Promise<string> | undefined;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Undefined if a backup of this app is in progress. */
  start(app: App, description: string | null): BackupJob | undefined {
    if (this.#running.has(app.id)) return undefined;
    void this.#tidy();
    const { clock, uuid, log } = this.#config;
    const now = clock.now();
    const times = { createdAt: now, updatedAt: now };
    const job: BackupJob = {
      id: uuid(),
      appId: app.id,
      description,
      ...times,
      status: 'processing',
      estimate: 0,
      completed: null,
      backup: null,
    };
    this.#jobs.set(job.id, job);
    const done = this.#make(app, job).catch((error: unknown) => {
      log.error(`the backup of the app ${app.id} failed`, error);
      this.#set(job.id, { status: 'errored' });
    });
    this.#running.set(
      app.id,
      done.finally(() => this.#running.delete(app.id)),
    );
    return this.#jobs.get(job.id);
  }

  job(app: App, id: string): BackupJob | undefined {
    const job = this.#jobs.get(id);
    return job?.appId === app.id ? job : undefined;
  }

  /** Backups that have not expired. */
  running(app: App): BackupJob[] {
    return [...this.#jobs.values()].filter(({ appId, status }) => appId === app.id && status === 'processing');
  }

  /** Returns whether the job was running; a backup that is almost ready may still appear. */
  cancel(app: App, id: string): boolean {
    const isRunning = this.job(app, id)?.status === 'processing';
    if (isRunning) this.#set(id, { status: 'cancelled' });
    return isRunning;
  }

  /** Newest first. */
  list(app: App): AppBackup[] {
    const now = this.#config.clock.now();
    return [...this.#backups.values()].filter(({ appId, expiresAt }) => appId === app.id && expiresAt > now).reverse();
  }

  backup(app: App, id: string): AppBackup | undefined {
    return this.list(app).find((each) => each.id === id);
  }

  async remove(id: string): Promise<void> {
    const backup = this.#backups.get(id);
    this.#backups.delete(id);
    for (const at of (backup?.files ?? []).keys()) await rm(await this.#path(id, at), { force: true });
  }

  /** Path and query of a URL that is valid for an hour without a token. */
  address(id: string, name: string): string {
    const expires = this.#config.clock.now() + urlLifetimeMs;
    return `/backups/${id}?name=${encodeURIComponent(name)}&expires=${expires}&signature=${this.#signature(id, name, expires)}`;
  }

  /** The file of such a URL; undefined if the URL is invalid or expired, or the file is gone. */
  async open(id: string, name: string, expires: number, signature: string): Promise<{ size: number; bytes: ReadStream } | undefined> {
    const isGood = isSameSecret(signature, this.#signature(id, name, expires)) && this.#config.clock.now() < expires;
    const at = this.#backups.get(id)?.files.findIndex((file) => file.name === name) ?? -1;
    if (!isGood || at === -1) return undefined;
    const path = await this.#path(id, at);
    return { size: (await stat(path)).size, bytes: createReadStream(path) };
  }

  /** Aborts running jobs and removes all backups. */
  async close(): Promise<void> {
    for (const { id, status } of this.#jobs.values()) if (status === 'processing') this.#set(id, { status: 'cancelled' });
    await Promise.all(this.#running.values());
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true });
  }

  /** Drops expired backups, and jobs that are no longer polled. */
  async #tidy(): Promise<void> {
    const now = this.#config.clock.now();
    const over = [...this.#jobs.values()].filter(({ status }) => status !== 'processing');
    for (const { id } of over.slice(0, -keptJobs)) this.#jobs.delete(id);
    for (const { id, expiresAt } of [...this.#backups.values()]) if (expiresAt <= now) await this.remove(id);
  }

  async #make(app: App, { id: jobId, description }: BackupJob): Promise<void> {
    const { ledger } = app;
    const snapshot = ledger.snapshot();
    const id = this.#config.uuid();
    try {
      const [records, at] = [new Map(ledger.records), this.#config.clock.now()];
      const title = description ?? 'On-demand backup';
      const content = new BackupContent({ appId: app.id, db: snapshot.db, records, at, withSecrets: false, description: title });
      const locations = locationsIn(records, snapshot.db);
      const tripleCount = await this.#count(jobId, content);
      const files = await this.#write(jobId, id, content, tripleCount);
      const rest = { appId: app.id, at, description: title, expiresAt: at + lifetimeMs, files, locations };
      this.#backups.set(id, { id, ...rest });
      this.#set(jobId, { status: 'completed', backup: id, completed: tripleCount });
      for (const { id: old } of this.list(app).slice(keptOfEachApp)) await this.remove(old);
    } finally {
      ledger.release(snapshot);
    }
  }

  async #count(jobId: string, content: BackupContent): Promise<number> {
    const counting = content.countTriples();
    for (;;) {
      const { done, value } = counting.next();
      if (done) {
        this.#set(jobId, { estimate: value });
        return value;
      }
      await new Promise((resolve) => setImmediate(resolve));
      this.#checkRuns(jobId);
    }
  }

  async #write(jobId: string, id: string, content: BackupContent, tripleCount: number): Promise<AppBackup['files']> {
    const config = Buffer.from(JSON.stringify(content.config(tripleCount)));
    const entries = [
      { name: 'config.json', chunks: [config] as Iterable<string | Buffer> },
      ...[...content.counts.keys()].map((etype) => ({ name: `entities/${etype}.jsonl`, chunks: content.lines(etype) })),
    ];
    const files: { name: string; size: number }[] = [];
    for (const [at, { name, chunks }] of entries.entries()) {
      const path = await this.#path(id, at);
      await pipeline(Readable.from(chunks), createWriteStream(path, { mode: privateFile }));
      files.push({ name, size: (await stat(path)).size });
      this.#checkRuns(jobId);
    }
    return files;
  }

  #checkRuns(jobId: string): void {
    if (this.#jobs.get(jobId)?.status !== 'processing') throw new Error('the backup was cancelled');
  }

  async #path(id: string, at: number): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'triplane-backups-'));
    return join(await this.#folder, `${id}-${at}`);
  }

  /** A finished job does not change. */
  #set(id: string, change: Partial<BackupJob>): void {
    const job = this.#jobs.get(id);
    if (job?.status === 'processing') this.#jobs.set(id, { ...job, ...change, updatedAt: this.#config.clock.now() });
  }

  #signature(id: string, name: string, expires: number): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([id, name, expires]))
      .digest('hex');
  }
}

function locationsIn(records: ReadonlyMap<string, unknown>, db: BackupContentDb): AppBackup['locations'] {
  const attrs = db.attrs.namespace('$files').forward;
  const [location, path] = [attrs.get('location-id'), attrs.get('path')];
  if (!location || !path) return [];
  const stored = new Set([...records.keys()].flatMap((name) => locationIn(name) ?? []));
  return [...db.rows('$files')].flatMap((row) => {
    const at = row.value(location);
    return typeof at === 'string' && stored.has(at) ? [{ location: at, path: String(row.value(path)) }] : [];
  });
}

type BackupContentDb = ConstructorParameters<typeof BackupContent>[0]['db'];
