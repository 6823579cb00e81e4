// An app of another server as the source of an import: a backup made by that server or, if it makes none or changes are to be followed, a
// copy made by sync tables and queries that is compared with the server before it is used.

import { isTriplaneError, TriplaneError } from '../../../errors.ts';
import type { Progress } from '../import.ts';
import { openBackupSource } from '../backup-source.ts';
import type { Source } from '../source.ts';
import { downloadBackup } from './backup-download.ts';
import { follow, type FollowConfig } from './follow.ts';
import { LiveCopy } from './live-copy.ts';
import { Mirror } from './mirror.ts';
import { mirrorSource } from './mirror-source.ts';
import { RemoteApp } from './remote-app.ts';
import { areSame, readRecords, type RemoteRecords } from './remote-records.ts';
import { RemoteFiles } from './remote-files.ts';
import { type Settled, settle, step } from './settle.ts';
import { WorkFolder } from './work-folder.ts';

export interface RemoteImportOptions {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
  /** Where the copy is kept until the import is done. */
  readonly folder: string;
  readonly resume?: boolean | undefined;
  readonly restart?: boolean | undefined;
  /** Reads by queries even if the source makes backups. */
  readonly live?: boolean | undefined;
  /** Keeps the copy in sync until the switch is requested. */
  readonly follow?: FollowConfig | undefined;
  readonly progress: (progress: Progress) => void;
  /** For display. */
  readonly note: (text: string) => void;
  readonly wait: (ms: number) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoteImport {
  /** Undefined if the copy differs from the source. */
  readonly source: Source | undefined;
  /** The comparison with the source; undefined for a backup. */
  readonly settled?: Settled;
  /** A copy is made anew each time: staged data of an earlier attempt cannot be used. */
  readonly isLive: boolean;
  /** Rejects with TriplaneError if the followed app was written to since: the switch would lose those writes. */
  readonly checkCurrent: () => Promise<void>;
  /** Keeps the copy, so that `resume` can continue. */
  readonly close: () => Promise<void>;
  /** Ends the source's subscriptions and removes the copy. */
  readonly discard: () => Promise<void>;
}

export async function openRemote(options: RemoteImportOptions): Promise<RemoteImport> {
  const { appId } = options;
  const folder = await WorkFolder.open(options.folder, appId, options);
  const app = new RemoteApp(options);
  await app.optional(app.path(''));
  const given = { ...options, app, folder };
  if (options.live !== true && !options.follow && (await folder.state())['live'] !== true) {
    const source = await backupSource(given);
    if (source)
      return {
        source,
        isLive: false,
        checkCurrent: () => Promise.resolve(),
        close: () => Promise.resolve(source.close()),
        discard: () => folder.remove(),
      };
  }
  await folder.save({ live: true });
  return liveSource(given);
}

type Opened = Omit<RemoteImportOptions, 'folder'> & { readonly app: RemoteApp; readonly folder: WorkFolder };

async function backupSource(given: Opened): Promise<Source | undefined> {
  try {
    const files = await downloadBackup(given);
    return files && (await openBackupSource(files));
  } catch (error) {
    if (!isTriplaneError(error) || error.code !== 'dependency-missing') throw error;
    given.note(`${error.message}. The app is read by queries instead`);
    return undefined;
  }
}

async function liveSource(given: Opened): Promise<RemoteImport> {
  const { app, folder, progress, signal } = given;
  const mirror = await Mirror.open(folder.file('mirror.db'));
  const copy = new LiveCopy({ app, mirror, progress, signal });
  const files = new RemoteFiles(app, mirror, folder.file('files'), progress);
  const live = { ...given, mirror, copy, files };
  let isOpen = true;
  const close = async (forget: boolean): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await copy.close(forget);
    mirror.close();
  };
  const discard = async (): Promise<void> => {
    await close(true);
    await folder.remove();
  };
  let changes = 0;
  let records: RemoteRecords = new Map();
  const checkCurrent = async (): Promise<void> => {
    if (!given.follow) return;
    if (copy.status !== 'disabled') await copy.roundTrip();
    const isMended = copy.status !== 'disabled' && (await step(live));
    const isSame = !isMended && copy.changes === changes && areSame(records, await readRecords(app, copy.etypes));
    if (isSame) return;
    const message = 'The source was written to during the switch: nothing was taken over. Stop what writes to it, and add --resume';
    throw new TriplaneError('config-invalid', message);
  };
  try {
    const settled = given.follow ? await follow(live, given.follow) : await settle(live);
    if (!settled.isSame) return { source: undefined, settled, isLive: true, checkCurrent, close: () => close(false), discard };
    // A copy read while it changes would not be consistent; a followed one is compared again before the switch.
    if (!given.follow) await copy.close(false);
    changes = copy.changes;
    records = await readRecords(app, copy.etypes);
    const source = await mirrorSource({ app, mirror, files, etypes: copy.etypes, records });
    return { source: { ...source, close: () => undefined }, settled, isLive: true, checkCurrent, close: () => close(false), discard };
  } catch (error) {
    // Cancelling discards a followed copy; any other is worth continuing.
    if (signal?.aborted && given.follow) await discard();
    else await close(false);
    throw told(error);
  }
}

function told(error: unknown): unknown {
  if (!isTriplaneError(error) || !('type' in error) || error.type !== 'app-disabled') return error;
  const message = 'The source is disabled and makes no backup, so that its links cannot be read. Set it to read-only, or import a backup';
  return new TriplaneError('config-invalid', message, { cause: error });
}
