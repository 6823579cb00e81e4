// Imports an app from a source: rows and files are staged, read back and compared, and become the app in one step. Until then the app is
// unchanged; a killed process leaves a stage that the next one continues.

import { TriplaneError } from '../../errors.ts';
import { id } from '../../lib/uuid.ts';
import { Attrs } from '../../db/attrs.ts';
import { systemAttrs } from '../data/system-attrs.ts';
import type { FileStore } from '../files/file-store.ts';
import { newUrlKey, urlKeyRecord } from '../files/file-urls.ts';
import { hashToken } from '../auth/secrets.ts';
import type { AppRecord } from '../session/app-record.ts';
import { chunksOf } from '../storage/snapshot-chunks.ts';
import { emptySnapshot, type Records, type Stage, type Storage } from '../storage/storage.ts';
import { importedSettings } from './carried-settings.ts';
import { Catalog } from './catalog.ts';
import { checkedRules } from './check-backup-rules.ts';
import { Digest, type NamespaceDigest } from './digest.ts';
import { Faults } from './faults.ts';
import { importFiles } from './import-files.ts';
import { RowReader } from './row-reader.ts';
import type { Source } from './source.ts';
import { StageWriter } from './stage-writer.ts';
import { isRecordNamespace, SystemReader } from './system-rows.ts';
import { UserAddresses } from './user-addresses.ts';
import { readBack } from './verify.ts';

export interface ImportOptions {
  readonly storage: Storage;
  readonly source: Source;
  /** Default: the file store suggested by the storage. */
  readonly files?: FileStore | undefined;
  /** Default: the source's app id. */
  readonly appId?: string | undefined;
  /** Admin token of the imported app. */
  readonly adminToken: string;
  /** Continues an interrupted import. */
  readonly resume?: boolean | undefined;
  /** Discards what an interrupted import has staged. */
  readonly restart?: boolean | undefined;
  /** Replaces an existing app. */
  readonly replace?: boolean | undefined;
  /** Drops constraints of the schema that the data violates. */
  readonly relax?: boolean | undefined;
  readonly clientSecrets?: Readonly<Record<string, string>> | undefined;
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Called when everything is staged and equals the source, just before the switch. */
  readonly ready?: (() => Promise<void>) | undefined;
}

export interface Progress {
  /** The first four only if the source is a server. */
  readonly phase: 'backup' | 'download' | 'copying' | 'checking' | 'rows' | 'files' | 'comparing';
  /** Triples, files, namespaces or rows; bytes from phase `rows` on. `total` 0 = unknown. */
  readonly done: number;
  readonly total: number;
  readonly rows: number;
}

export interface ComparedNamespace {
  readonly etype: string;
  readonly source: NamespaceDigest;
  readonly stored: NamespaceDigest;
}

export interface ImportReport {
  readonly appId: string;
  readonly namespaces: readonly ComparedNamespace[];
  readonly triples: number;
  readonly files: number;
  /** Notes for the user: repairs, omissions, settings to be entered again. */
  readonly notes: readonly string[];
  /** Whether the stored app equals the source. If not, nothing was replaced. */
  readonly isSame: boolean;
}

/** Rejects with TriplaneError `archive-invalid` if the source cannot be imported; nothing has changed in that case. */
export async function importApp(options: ImportOptions): Promise<ImportReport> {
  const { storage, source } = options;
  const appId = (options.appId ?? source.config.appId).toLowerCase();
  if (!storage.stage) throw new TriplaneError('config-invalid', 'This storage cannot take an app over');
  const stage = await storage.stage(appId);
  const begun = await begin(stage, appId, options);
  try {
    return await new Import(options, appId, stage, begun).run();
  } catch (error) {
    // After invalid data, continuing is pointless; after a failure of the source or the storage it may help.
    if (error instanceof TriplaneError && error.code === 'archive-invalid') await stage.discard();
    throw error;
  }
}

export const alreadyThere = (appId: string): TriplaneError =>
  new TriplaneError(
    'config-invalid',
    `The app ${appId} is there already, with data. Add --replace to replace it, or --app-id for another id`,
  );

interface Begun {
  readonly fingerprint: string;
  readonly nonce: string;
}

async function begin(stage: Stage, appId: string, options: ImportOptions): Promise<Begun> {
  const { source, relax = false, clientSecrets = {}, replace = false } = options;
  if (stage.txId > 0 && !replace) {
    throw alreadyThere(appId);
  }
  const fingerprint = JSON.stringify([source.fingerprint, stage.txId, relax, clientSecrets]);
  if (options.restart) await stage.discard();
  if (stage.length === 0) return { fingerprint, nonce: id() };
  if (!options.resume) {
    throw new TriplaneError(
      'config-invalid',
      `An import of the app ${appId} was interrupted. Add --resume to continue it, or --restart to begin again`,
    );
  }
  const found = (JSON.parse((await stage.read(0)) ?? '{}') as { readonly entries?: readonly [string, Begun][] }).entries?.[0]?.[1];
  if (found?.fingerprint === fingerprint) return found;
  throw new TriplaneError(
    'config-invalid',
    'The import that was interrupted had another source or other options. Add --restart to begin again',
  );
}

/** A later time is taken for a mistake in the data rather than for a clock. */
const mostAheadMs = 86_400_000;

class Import {
  readonly #options: ImportOptions;
  readonly #appId: string;
  readonly #stage: Stage;
  readonly #begun: Begun;
  readonly #notes: string[] = [];
  readonly #digest = new Digest();
  readonly #faults = new Faults();
  readonly #addresses = new UserAddresses();
  readonly #catalog: Catalog;
  readonly #writer: StageWriter;
  readonly #reader: RowReader;
  readonly #system: SystemReader;
  #rows = 0;

  constructor(options: ImportOptions, appId: string, stage: Stage, begun: Begun) {
    const { source, relax = false, clientSecrets = {} } = options;
    this.#options = options;
    this.#appId = appId;
    this.#stage = stage;
    this.#begun = begun;
    this.#catalog = new Catalog(source.config, appId, source.namespaces);
    this.#writer = new StageWriter(stage);
    const shared = { appId, digest: this.#digest, faults: this.#faults, notes: this.#notes };
    this.#reader = new RowReader({ ...shared, addresses: this.#addresses, catalog: this.#catalog, relax });
    this.#system = new SystemReader({ ...shared, clientSecrets });
  }

  async run(): Promise<ImportReport> {
    const { source } = this.#options;
    await this.#writer.add(() => JSON.stringify({ field: 'records', entries: [['import', this.#begun]] }));
    await this.#importRows();
    this.#faults.check('Mend the data at the source, or add --relax to take the constraints away.');
    const attrs = Attrs.from([...systemAttrs, ...this.#catalog.own]);
    const rules = await checkedRules(source.config.rules, attrs, this.#notes);
    const files = await this.#importFiles();
    const records = this.#finalRecords(rules, files > 0);
    const txId = this.#stage.txId + 1;
    const rest = { ...emptySnapshot, txId, lastId: this.#begun.nonce, at: this.#time(), attrs: this.#catalog.own, records };
    for (const chunk of chunksOf(rest)) await this.#writer.add(() => chunk);
    const report = await this.#compare(files);
    if (!report.isSame) return report;
    await this.#options.ready?.();
    await this.#publish(txId);
    return report;
  }

  async #importRows(): Promise<void> {
    const { source, progress } = this.#options;
    await this.#addresses.read(source);
    let done = 0;
    const counts = new Map<string, number>();
    for (const etype of source.namespaces) {
      const place = source.placeOf(etype);
      for await (const { rows, bytes } of source.rows(etype)) {
        for (const row of rows) {
          if (!isRecordNamespace(etype)) await this.#writer.addRow(this.#reader.read(etype, row, place));
          else {
            const record = this.#system.read(etype, row, place);
            if (record) await this.#writer.addRecord(record);
          }
        }
        this.#rows += rows.length;
        counts.set(etype, (counts.get(etype) ?? 0) + rows.length);
        progress?.({ phase: 'rows', done: (done += bytes), total: source.rowBytes, rows: this.#rows });
      }
    }
    await this.#writer.flush();
    this.#checkCounts(counts);
  }

  /** Rows that the backup counts but does not contain are reported as lost. */
  #checkCounts(counts: ReadonlyMap<string, number>): void {
    const { source, relax = false } = this.#options;
    for (const [etype, count] of Object.entries(source.config.counts)) {
      const found = counts.get(etype) ?? 0;
      if (found === count) continue;
      const text = `config.json counts ${count} rows of ${etype}, and there are ${found}`;
      if (relax) this.#notes.push(text);
      else this.#faults.add(text);
    }
  }

  /** @returns their number */
  async #importFiles(): Promise<number> {
    const { source, storage, progress } = this.#options;
    const all = this.#reader.files;
    const there = all.filter(({ location }) => source.hasFile(location));
    for (const { path, location } of all)
      if (!source.hasFile(location)) this.#notes.push(`the file '${path}' has no content in the source`);
    if (there.length === 0) return 0;
    const store = this.#options.files ?? storage.files;
    if (!store) throw new TriplaneError('config-invalid', 'There are files, and nowhere to keep them. Add --files <folder>');
    let done = 0;
    const copied = (bytes: number): void =>
      progress?.({ phase: 'files', done: (done += bytes), total: source.fileBytes, rows: this.#rows });
    const locations = there.map(({ location }) => location);
    await importFiles({ appId: this.#appId, source, store, locations, writer: this.#writer, progress: copied });
    return there.length;
  }

  #finalRecords(rules: unknown, hasFiles: boolean): Records {
    const { config } = this.#options.source;
    const oauth = this.#system.oauth(config.authorizedRedirectOrigins, config.backupAt);
    const settings = importedSettings(config, Date.now());
    this.#notes.push(...settings.notes);
    return {
      app: { title: config.title, createdAt: Date.now(), tokenHash: hashToken(this.#options.adminToken) } satisfies AppRecord,
      ...(rules !== null && { rules, 'rules-version': 0 }),
      oauth,
      ...settings.records,
      backup: { ...settings.unused, description: config.description },
      ...(hasFiles && { [urlKeyRecord]: newUrlKey() }),
    };
  }

  async #compare(files: number): Promise<ImportReport> {
    this.#options.progress?.({ phase: 'comparing', done: 0, total: 1, rows: this.#rows });
    const stored = await readBack(this.#stage, this.#catalog);
    const etypes = [...new Set([...this.#digest.namespaces, ...stored.digest.namespaces])].sort();
    const namespaces = etypes.map((etype) => ({ etype, source: this.#digest.of(etype), stored: stored.digest.of(etype) }));
    const isSame = namespaces.every(({ source, stored: ours }) => source.rows === ours.rows && source.hash === ours.hash);
    const notes = [...this.#options.source.notes, ...this.#catalog.notes, ...this.#notes];
    return { appId: this.#appId, namespaces, triples: stored.triples, files, notes, isSame: isSame && stored.files.length === files };
  }

  async #publish(txId: number): Promise<void> {
    if ((await this.#stage.publish(txId)) === 'behind') {
      throw new TriplaneError(
        'storage-failed',
        'The app was written to during the import: nothing was taken over. Add --restart to begin again',
      );
    }
    // Other servers that share the storage are notified.
    const log = await this.#options.storage.open(this.#appId);
    await log.append([{ id: id(), prev: this.#begun.nonce, txId: txId + 1, at: this.#time() + 1, changes: [] }]);
  }

  /** Rows made after the import come after the imported ones, also if the clock of the source is ahead. */
  #time(): number {
    const [now, { newest }] = [Date.now(), this.#writer];
    return newest - now > mostAheadMs ? now : Math.max(now, newest);
  }
}
