// `triplane import` and `triplane export`.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TriplaneError } from '../../errors.ts';
import type { Log } from '../../lib/log.ts';
import { isUuid } from '../../lib/uuid.ts';
import { diskFiles } from '../files/disk-files.ts';
import { openArchiveSource } from '../move/backup-source.ts';
import { exportApp } from '../move/export.ts';
import { alreadyThere, importApp, type ImportReport } from '../move/import.ts';
import type { Source } from '../move/source.ts';
import { adoptedIdentity, type DataDir, defaultFolder, openDataDir, openStorage } from './data-dir.ts';
import type { MoveFlags } from './move-flags.ts';
import { ProgressLine } from './progress-line.ts';
import { openFromServer, printCopy } from './remote-source.ts';

type Print = (line: string) => void;

/** Exit code after Ctrl-C. */
const interrupted = 130;

interface Io {
  readonly print: Print;
  readonly log: Log;
}

/** Exit code: 0, 2 if the stored app differs from the source, 130 after Ctrl-C. */
export async function importCommand(path: string | undefined, flags: MoveFlags, io: Io): Promise<number> {
  if (flags.from !== undefined) return importFromServer(path, flags.from, flags, io);
  if (flags.follow || flags.live) throw new TriplaneError('config-invalid', '--follow and --live need --from');
  if (path === undefined) throw new TriplaneError('config-invalid', 'What is to be imported? triplane import <zip>, or --from <url>');
  const progress = new ProgressLine(process.stderr, flags.quiet === true);
  const source = await openArchiveSource(path);
  return takeOver(source, { flags, io, progress, adminToken: uuidFlag(flags, 'admin-token') });
}

/** Closes the source. */
async function takeOver(source: Source, { flags, io, progress, adminToken, checkCurrent }: TakeOver): Promise<number> {
  let dataDir: Omit<DataDir, 'identity'> | undefined;
  try {
    const appId = uuidFlag(flags, 'app-id') ?? source.config.appId;
    const identity = await adoptedIdentity(flags.data ?? defaultFolder, { appId, adminToken });
    dataDir = await openStorage({ ...flags, database: databaseOf(flags) }, io.log);
    const report = await importApp({
      ...{ storage: dataDir.storage, source, appId, files: filesOf(flags), adminToken: identity.adminToken },
      ...{ resume: flags.resume, restart: flags.restart, replace: flags.replace, relax: flags.relax },
      clientSecrets: secretsOf(flags['client-secret'] ?? []),
      progress: (at) => progress.show(at),
      ready: async () => {
        await checkCurrent?.();
        await identity.keep();
      },
    });
    progress.end();
    printReport(report, io.print);
    if (!report.isSame) return 2;
    io.print(`\nThe app ${appId} is ${dataDir.where}. Start it with: ${startCommand(flags, identity.appId === appId ? undefined : appId)}`);
    return 0;
  } finally {
    progress.end();
    await source.close();
    await dataDir?.storage.close();
  }
}

interface TakeOver {
  readonly flags: MoveFlags;
  readonly io: Io;
  readonly progress: ProgressLine;
  readonly adminToken: string | undefined;
  /** Rejects with TriplaneError if the source was written to since the copy. */
  readonly checkCurrent?: () => Promise<void>;
}

async function importFromServer(path: string | undefined, url: string, flags: MoveFlags, io: Io): Promise<number> {
  const [appId, adminToken] = [uuidFlag(flags, 'app-id'), uuidFlag(flags, 'admin-token')];
  if (path !== undefined) throw new TriplaneError('config-invalid', 'Import an archive, or --from a server, not both');
  if (appId === undefined || adminToken === undefined)
    throw new TriplaneError('config-invalid', '--from needs --app-id and --admin-token, as the old app has them');
  if (!/^https?:\/\//.test(url)) throw new TriplaneError('config-invalid', `--from must be the address of a server, and is '${url}'`);
  await checkDestination(appId, flags, io);
  const progress = new ProgressLine(process.stderr, flags.quiet === true);
  const remote = await openFromServer({ url, appId, adminToken }, flags, io, progress);
  progress.end();
  if (!remote) return interrupted;
  if (remote.settled) printCopy(remote.settled, io.print);
  try {
    if (!remote.source) return 2;
    const isFresh = remote.isLive && flags.resume === true;
    const taken = { ...flags, ...(isFresh && { resume: false, restart: true }) };
    const code = await takeOver(remote.source, { flags: taken, io, progress, adminToken, checkCurrent: remote.checkCurrent });
    if (code === 0) await remote.discard();
    return code;
  } finally {
    await remote.close();
  }
}

/** Checked first: whether the app can be stored must not be discovered after hours of copying. */
async function checkDestination(appId: string, flags: MoveFlags, { log }: Io): Promise<void> {
  const database = databaseOf(flags);
  if (flags.replace === true || (database === undefined && !existsSync(flags.data ?? defaultFolder))) return;
  const { storage } = await openStorage({ ...flags, database }, log);
  try {
    const stage = await storage.stage?.(appId);
    if (stage && stage.txId > 0) throw alreadyThere(appId);
  } finally {
    await storage.close();
  }
}

export async function exportCommand(path: string | undefined, flags: MoveFlags, { print, log }: Io): Promise<number> {
  if (path === undefined) throw new TriplaneError('config-invalid', 'Where is the archive to be written? triplane export <zip>');
  const dataDir = await openDataDir({ ...flags, database: databaseOf(flags) }, log);
  try {
    const appId = uuidFlag(flags, 'app-id') ?? dataDir.identity?.appId ?? '';
    const report = await exportApp({
      ...{ storage: dataDir.storage, appId, out: path, files: filesOf(flags), withSecrets: flags['with-secrets'] },
    });
    const width = Math.max(0, ...Object.keys(report.counts).map((etype) => etype.length));
    for (const [etype, rows] of Object.entries(report.counts)) print(`  ${etype.padEnd(width)}  ${rows} rows`);
    for (const note of report.notes) print(`  note: ${note}`);
    print(`The app ${appId} is in ${path}: ${report.tripleCount} triples, ${report.files} files`);
    return 0;
  } finally {
    await dataDir.storage.close();
  }
}

function printReport({ namespaces, triples, files, notes, isSame }: ImportReport, print: Print): void {
  const width = Math.max(0, ...namespaces.map(({ etype }) => etype.length));
  for (const { etype, source, stored } of namespaces) {
    const isEqual = source.rows === stored.rows && source.hash === stored.hash;
    const theirs = `${String(source.rows).padStart(9)} rows  ${source.hash}`;
    print(`  ${etype.padEnd(width)}  ${theirs}  ${isEqual ? 'same' : `DIFFERENT: ${stored.rows} rows  ${stored.hash}`}`);
  }
  for (const note of notes) print(`  note: ${note}`);
  print(
    isSame
      ? `${triples} triples and ${files} files are as in the source`
      : 'What was stored differs from the source: nothing was taken over',
  );
}

function uuidFlag(flags: MoveFlags, name: 'app-id' | 'admin-token'): string | undefined {
  const given = flags[name];
  if (given === undefined || isUuid(given)) return given?.toLowerCase();
  throw new TriplaneError('config-invalid', `--${name} must be a UUID, and is '${String(given)}'`);
}

function databaseOf({ database, memory, data }: MoveFlags): string | undefined {
  if (memory) throw new TriplaneError('config-invalid', '--memory keeps nothing');
  return database ?? (data === undefined ? process.env['DATABASE_URL'] : undefined);
}

const filesOf = ({ files }: MoveFlags) => (files === undefined ? undefined : diskFiles(join(files)));

function secretsOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((each) => {
      const at = each.indexOf('=');
      if (at < 1) throw new TriplaneError('config-invalid', '--client-secret is written <name of the client>=<secret>');
      return [each.slice(0, at), each.slice(at + 1)];
    }),
  );
}

function startCommand({ data, database, files }: MoveFlags, appId: string | undefined): string {
  const flags = { data, database: database === undefined ? undefined : '…', files, 'app-id': appId };
  const given = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return ['npx triplane dev', ...given].join(' ');
}
