// Requests a backup from the source, waits for it and downloads it with the app's admin token, using the original's routes.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { InstantAPIError, TriplaneError } from '../../../errors.ts';
import { isObject } from '../../../lib/json.ts';
import { isUuid } from '../../../lib/uuid.ts';
import { makeFolder } from '../../storage/sqlite/sqlite.ts';
import type { Progress } from '../import.ts';
import type { BackupFiles } from '../backup-source.ts';
import type { RemoteApp } from './remote-app.ts';
import { saveFile } from './save-file.ts';
import type { WorkFolder } from './work-folder.ts';

export interface BackupDownload {
  readonly app: RemoteApp;
  readonly folder: WorkFolder;
  readonly progress: (progress: Progress) => void;
  /** For display. */
  readonly note: (text: string) => void;
}

interface BackupEntry {
  readonly name: string;
  readonly url: () => Promise<string>;
}

/** A backup in progress or ready. */
interface BackupState {
  readonly job?: string;
  readonly backup?: string;
}

const betweenLooksMs = 1000;
const atOnce = 8;
const alreadyRuns = /already in progress/i;
const impossible = /ephemeral|too large/i;

/** Undefined if the source does not support backups of this app. */
export async function downloadBackup(given: BackupDownload): Promise<BackupFiles | undefined> {
  const state: BackupState = await given.folder.state();
  const backup = state.backup ?? (await makeBackup(given, state.job));
  if (backup === undefined) return undefined;
  const entries = [...(await dataEntries(given, backup)), ...(await fileEntries(given, backup))];
  await makeFolder(given.folder.path);
  await downloadAll(given, entries);
  return new BackupFolder(
    given,
    backup,
    entries.map(({ name }) => name),
  );
}

async function makeBackup(given: BackupDownload, started: string | undefined): Promise<string | undefined> {
  const job = started ?? (await startJob(given));
  if (job === undefined) return undefined;
  await given.folder.save({ job });
  const backup = await finished(given, job);
  await given.folder.save({ job, backup });
  return backup;
}

async function startJob({ app, note, ...given }: BackupDownload): Promise<string | undefined> {
  try {
    const { job } = await app.request('POST', app.path('/backups'), { description: 'Import into Triplane' });
    return idOf(job);
  } catch (error) {
    if (!(error instanceof InstantAPIError) || error.status >= 500) throw error;
    if (error.status === 404 || error.status === 405) return undefined;
    if (impossible.test(error.message)) {
      note(`The source makes no backup of this app (${error.message}); it is read by queries`);
      return undefined;
    }
    if (error.status === 429) {
      const seconds = Math.ceil((error.retryAfterMs ?? 60_000) / 1000);
      note(`The source makes the next backup in ${seconds} seconds; waiting`);
      await app.wait(seconds * 1000);
    } else if (!alreadyRuns.test(error.message)) throw error;
    else {
      const running = await runningJob(app);
      if (running !== undefined) return running;
    }
    return startJob({ app, note, ...given });
  }
}

async function runningJob(app: RemoteApp): Promise<string | undefined> {
  const { jobs } = await app.request('GET', app.path('/backup-jobs'));
  const runs = (job: unknown): boolean => isObject(job) && (job['job_status'] === 'waiting' || job['job_status'] === 'processing');
  const found = Array.isArray(jobs) ? (jobs as unknown[]).find(runs) : undefined;
  return found === undefined ? undefined : idOf(found);
}

/** Id of the backup the job creates. */
async function finished({ app, folder, progress }: BackupDownload, id: string): Promise<string> {
  for (;;) {
    const { job } = await app.request('GET', app.path(`/backup-jobs/${id}`));
    const { job_status: status, app_backup_id: backup, work_completed: done, work_estimate: total } = isObject(job) ? job : {};
    if (status === 'completed' && isUuid(backup)) return backup;
    if (status !== 'waiting' && status !== 'processing') {
      await folder.save({});
      throw new TriplaneError('server-failed', `${app.url}: the backup ended as '${String(status)}'. Add --resume to start another one`);
    }
    progress({ phase: 'backup', done: Number(done ?? 0), total: Number(total ?? 0), rows: 0 });
    await app.wait(betweenLooksMs);
  }
}

async function dataEntries({ app }: BackupDownload, backup: string): Promise<BackupEntry[]> {
  const { files } = await app.request('GET', app.path(`/backups/${backup}/files`));
  return (Array.isArray(files) ? (files as unknown[]) : []).filter(isObject).map(({ name }) => ({
    name: String(name),
    url: async () => {
      const { url } = await app.request('GET', app.path(`/backups/${backup}/file-url?name=${encodeURIComponent(String(name))}`));
      return String(url);
    },
  }));
}

/** A list that does not end with `{"done":true}` is truncated. */
async function fileEntries({ app }: BackupDownload, backup: string): Promise<BackupEntry[]> {
  const path = app.path(`/backups/${backup}/storage-files`);
  for (let attempt = 0; attempt < 3; attempt++) {
    const lines = (await app.text(path)).split('\n').filter((line) => line.trim() !== '');
    const list = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    if (list.pop()?.['done'] !== true) continue;
    return list.map(({ locationId, url }) => ({ name: `files/${String(locationId)}`, url: () => Promise.resolve(String(url)) }));
  }
  throw new TriplaneError('server-failed', `${app.url}: the list of the app's files ends before its end. Add --resume to try again`);
}

async function downloadAll(given: BackupDownload, entries: readonly BackupEntry[]): Promise<void> {
  const { app, folder, progress } = given;
  const config = entries.find(({ name }) => name === 'config.json');
  if (!config) throw new TriplaneError('archive-invalid', `${app.url}: the backup has no config.json`);
  let done = 0;
  const fetchOne = async ({ name, url }: BackupEntry): Promise<void> => {
    const path = folder.file(diskName(name));
    if (!existsSync(path)) await app.download(await url(), (bytes) => saveFile(path, bytes, () => undefined));
    progress({ phase: 'download', done: ++done, total: entries.length, rows: 0 });
  };
  const waiting = [config, ...entries.filter((entry) => entry !== config)];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await fetchOne(next);
    }),
  );
}

/** File names of a backup contain slashes and other special characters and may exceed the file system's limit. */
const diskName = (name: string): string => `backup-${createHash('sha256').update(name).digest('hex')}`;

function idOf(job: unknown): string {
  const id = isObject(job) ? job.id : undefined;
  if (isUuid(id)) return id;
  throw new TriplaneError('frame-malformed', 'The source started a backup and gave no id of it');
}

/** The downloaded files of one backup. */
class BackupFolder implements BackupFiles {
  readonly path: string;
  readonly names: readonly string[];
  readonly fingerprint: string;
  readonly #folder: WorkFolder;

  constructor({ app, folder }: BackupDownload, backup: string, names: readonly string[]) {
    this.path = `the backup ${backup} of ${app.url}`;
    this.names = names;
    this.fingerprint = `backup ${backup}`;
    this.#folder = folder;
  }

  sizeOf(name: string): number {
    return statSync(this.#folder.file(diskName(name)), { throwIfNoEntry: false })?.size ?? 0;
  }

  async *read(name: string): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(this.#folder.file(diskName(name)))) yield chunk as Buffer;
  }

  close(): void {
    // Its files are closed after each read.
  }
}
