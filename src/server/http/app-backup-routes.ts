// Backups of an app, as the tools of the original start, watch, list and download them.

import { type Context, Hono } from 'hono';
import { Readable } from 'node:stream';
import type { InstantAPIError } from '../../errors.ts';
import { invalid, rejection } from '../errors.ts';
import type { AppBackup, AppBackups, BackupJob } from '../move/app-backups.ts';
import type { App } from '../session/app.ts';
import { toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { malformed, missing } from './errors.ts';
import { asText, asUuid, bodyOf, optional } from './request.ts';
import { streamed } from './streamed-answers.ts';

export function appBackupRoutes(http: HttpContext, backups: AppBackups): Hono {
  const routes = new Hono();
  const at = '/dash/apps/:app';

  routes.post(`${at}/backups`, async (context) => {
    const app = await toolApp(context, http);
    const job = backups.start(app, optional(await bodyOf(context), 'description', asText) ?? null);
    if (!job) throw invalid('app-backup-job', { 'app-id': app.id }, [{ message: 'A backup is already in progress for this app.' }]);
    return context.json({ job: shownJob(job) });
  });
  routes.get(`${at}/backups`, async (context) => {
    const app = await toolApp(context, http);
    return context.json({ backups: backups.list(app).map(shownBackup) });
  });
  routes.delete(`${at}/backups/:backup`, async (context) => {
    const backup = backupOf(context, backups, await toolApp(context, http));
    await backups.remove(backup.id);
    return context.json({ backup: shownBackup(backup) });
  });

  routes.get(`${at}/backup-jobs`, async (context) => {
    const app = await toolApp(context, http);
    return context.json({ jobs: backups.running(app).map(shownJob) });
  });
  routes.get(`${at}/backup-jobs/:job`, async (context) => {
    const app = await toolApp(context, http);
    const job = backups.job(app, idIn(context, 'job', 'job_id'));
    return context.json({ job: job ? shownJob(job) : null });
  });
  routes.delete(`${at}/backup-jobs/:job`, async (context) => {
    const app = await toolApp(context, http);
    const id = idIn(context, 'job', 'job_id');
    if (!backups.cancel(app, id)) throw unknown('app-backup-job', id);
    return context.json({ job: jobOf(backups, app, id) });
  });

  routes.get(`${at}/backups/:backup/files`, async (context) => {
    const { files } = backupOf(context, backups, await toolApp(context, http));
    return context.json({ files });
  });
  routes.get(`${at}/backups/:backup/file-url`, async (context) => {
    const { id } = backupOf(context, backups, await toolApp(context, http));
    const name = context.req.query('name');
    if (name === undefined) throw missing(['params', 'name']);
    return context.json({ url: http.hub.origin + backups.address(id, name) });
  });
  routes.get(`${at}/backups/:backup/storage-files`, async (context) => {
    const app = await toolApp(context, http);
    const { locations } = backupOf(context, backups, app);
    const lines = locations.map(({ location, path }) => ({ locationId: location, path, url: app.files.url(location) ?? '' }));
    const text = [...lines, { done: true }].map((line) => `${JSON.stringify(line)}\n`).join('');
    return context.body(text, 200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-cache' });
  });

  // No further authentication: the URL is signed and valid for one hour.
  routes.get('/backups/:backup', async (context) => {
    const { name = '', expires = '', signature = '' } = context.req.query();
    const id = context.req.param('backup');
    const found = await backups.open(id, name, Number(expires), signature);
    if (!found) throw unknown('app-backup', id);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(found.size), 'cache-control': 'private' };
    return context.body(streamed(context, http, Readable.toWeb(found.bytes) as ReadableStream), 200, headers);
  });

  return routes;
}

const unknown = (type: string, id: string): InstantAPIError =>
  rejection('record-not-found', `Record not found: ${type}`, { id, 'record-type': type });

function idIn(context: Context, name: string, shown: string): string {
  const given = context.req.param(name) ?? '';
  const id = asUuid(given);
  if (id === undefined) throw malformed(['params', shown], given);
  return id;
}

function backupOf(context: Context, backups: AppBackups, app: App): AppBackup {
  const id = idIn(context, 'backup', 'backup_id');
  const backup = backups.backup(app, id);
  if (!backup) throw unknown('app-backup', id);
  return backup;
}

function jobOf(backups: AppBackups, app: App, id: string): object | null {
  const job = backups.job(app, id);
  return job ? shownJob(job) : null;
}

/** Without fractions of a second. */
const shownTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '');

function shownJob({ id, appId, description, status, estimate, completed, backup, createdAt, updatedAt }: BackupJob): object {
  return {
    ...{ id, app_id: appId, app_backup_id: backup, job_status: status, description },
    ...{ work_estimate: estimate, work_completed: completed, created_at: shownTime(createdAt), updated_at: shownTime(updatedAt) },
    done_at: status === 'processing' ? null : shownTime(updatedAt),
  };
}

function shownBackup({ id, at, description, files, expiresAt }: AppBackup): object {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const times = { backup_at: shownTime(at), expires_at: shownTime(expiresAt) };
  return { id, isn: '', ...times, files_size: 0, db_size: null, uncompressed_size: size, description };
}
