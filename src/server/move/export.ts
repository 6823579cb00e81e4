// An app as a backup archive, in the format of InstantDB's backups: what `import.ts` reads, and what the original restores.

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { Attrs, type Namespace } from '../../db/attrs.ts';
import type { Row } from '../../db/row.ts';
import { Store } from '../../db/store.ts';
import { oauthOf } from '../auth/oauth/oauth-config.ts';
import { systemAttrs } from '../data/system-attrs.ts';
import { locationIn, type LocationRecord } from '../files/file-entities.ts';
import { chunksOf, type FileStore } from '../files/file-store.ts';
import { appRecordOf } from '../session/app-record.ts';
import { replay } from '../storage/replay.ts';
import type { Snapshot, Storage } from '../storage/storage.ts';
import type { BackupConfig } from './backup-config.ts';
import { configSchema } from './config-schema.ts';
import { type BackupRow, systemRows } from './system-rows.ts';

export interface ExportOptions {
  readonly storage: Storage;
  readonly files?: FileStore | undefined;
  readonly appId: string;
  /** The archive; written beside it first, and then put in its place. */
  readonly out: string;
  /** Secrets of sign-in clients are written readable. */
  readonly withSecrets?: boolean | undefined;
  readonly progress?: ((rows: number) => void) | undefined;
}

export interface ExportReport {
  readonly appId: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly tripleCount: number;
  readonly files: number;
  readonly notes: readonly string[];
}

/** Rejects with TriplaneError `config-invalid` if there is no such app. */
export async function exportApp(options: ExportOptions): Promise<ExportReport> {
  const { storage, appId } = options;
  if (!(await storage.apps()).includes(appId)) throw new TriplaneError('config-invalid', `There is no app ${appId}`);
  const snapshot = replay(await (await storage.open(appId)).load());
  const app = new ExportedApp(snapshot, options);
  const archive = await app.archive();
  const unfinished = `${options.out}.unfinished`;
  try {
    await pipeline(archive, createWriteStream(unfinished));
    await rename(unfinished, options.out);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return app.report;
}

class ExportedApp {
  readonly #options: ExportOptions;
  readonly #store: Store;
  readonly #records: ReadonlyMap<string, unknown>;
  readonly #system: ReadonlyMap<string, readonly BackupRow[]>;
  readonly #notes: string[] = [];
  readonly #counts: ReadonlyMap<string, number>;
  readonly #tripleCount: number;
  readonly #at: number;
  #files = 0;

  constructor({ attrs, deletedAttrs, triples, records = {}, at }: Snapshot, options: ExportOptions) {
    this.#options = options;
    const known = new Set(systemAttrs.map(({ id }) => id));
    this.#store = new Store(Attrs.from([...systemAttrs, ...attrs.filter(({ id }) => !known.has(id))]), { times: true });
    this.#store.load(triples);
    this.#records = new Map(Object.entries(records));
    this.#at = at;
    const createdAtOf = (userId: string): number => this.#store.row('$users', userId)?.t ?? 0;
    this.#system = systemRows(this.#records, { createdAtOf, withSecrets: options.withSecrets === true });
    const names = [...this.#store.etypes()].filter((etype) => this.#store.size(etype) > 0);
    const counts = names.map((etype) => [etype, this.#store.size(etype)] as const);
    const systemCounts = [...this.#system].flatMap(([etype, rows]) => (rows.length > 0 ? [[etype, rows.length] as const] : []));
    this.#counts = new Map([...counts, ...systemCounts].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.#tripleCount = this.#countTriples();
    if (deletedAttrs.length > 0) this.#notes.push(`${deletedAttrs.length} deleted attributes and their values are not in a backup`);
  }

  get report(): ExportReport {
    const { appId } = this.#options;
    return { appId, counts: Object.fromEntries(this.#counts), tripleCount: this.#tripleCount, files: this.#files, notes: this.#notes };
  }

  async archive(): Promise<NodeJS.ReadableStream> {
    const { ZipFile } = await loadYazl();
    const zip = new ZipFile();
    const mtime = new Date(this.#at);
    const options = { mtime, forceZip64Format: true, forceDosTimestamp: true };
    const add = (name: string, open: () => Readable): void =>
      zip.addReadStreamLazy(name, options, (done) => {
        const stream = open();
        stream.on('error', (error) => zip.outputStream.emit('error', error));
        done(null, stream);
      });
    add('config.json', () => Readable.from([Buffer.from(JSON.stringify(this.#config()))]));
    for (const etype of this.#counts.keys()) add(`entities/${etype}.jsonl`, () => Readable.from(this.#lines(etype)));
    for (const { location, key } of await this.#presentFiles()) add(`files/${location}`, () => Readable.from(this.#fileBytes(key)));
    zip.end({ forceZip64Format: true, comment: '' });
    return zip.outputStream;
  }

  #config(): BackupConfig {
    const { title = '' } = appRecordOf(this.#records) ?? {};
    const kept = this.#records.get('backup');
    const { webhooks = [], emailTemplates = [], description = '' } = (isObject(kept) ? kept : {}) as Partial<BackupConfig>;
    const rules = this.#records.get('rules');
    return {
      ...{
        description,
        schema: configSchema(this.#store.attrs),
        tripleCount: this.#tripleCount,
        counts: this.report.counts,
        isn: null,
        webhooks,
      },
      rules: isObject(rules) ? rules : null,
      ...{ title, backupAt: new Date(this.#at).toISOString(), appId: this.#options.appId, emailTemplates },
      authorizedRedirectOrigins: oauthOf(this.#records).origins.map(({ service, params }) => ({ service, params })),
    };
  }

  *#lines(etype: string): Generator<string> {
    let text = '';
    let rows = 0;
    for (const row of this.#rowsOf(etype)) {
      text += `${JSON.stringify(row)}\n`;
      rows++;
      if (text.length < 65_536) continue;
      yield text;
      text = '';
    }
    this.#options.progress?.(rows);
    if (text !== '') yield text;
  }

  *#rowsOf(etype: string): Generator<BackupRow> {
    const system = this.#system.get(etype);
    if (system) return yield* [...system].sort((a, b) => (String(a.entity.id) < String(b.entity.id) ? -1 : 1));
    const namespace = this.#store.attrs.namespace(etype);
    const ids = [...this.#store.rows(etype)].map(({ id }) => id).sort();
    for (const id of ids) {
      const row = this.#store.row(etype, id);
      if (row) yield { entity: entityOf(row, namespace), createdAt: row.exists(namespace.idAttr) ? row.t : 0 };
    }
  }

  async #presentFiles(): Promise<{ readonly location: string; readonly key: string }[]> {
    const store = this.#options.files ?? this.#options.storage.files;
    const named = [...this.#records].flatMap(([name, value]) => {
      const location = locationIn(name);
      return location === undefined ? [] : [{ location, key: (value as LocationRecord).key }];
    });
    if (named.length === 0) return [];
    if (!store) throw new TriplaneError('config-invalid', 'The app has files, and nowhere is said to be their place. Add --files <folder>');
    const there = new Set<string>();
    for await (const { key } of store.list(this.#options.appId)) there.add(key);
    for (const { location, key } of named) if (!there.has(key)) this.#notes.push(`the bytes of the file ${location} are gone`);
    const present = named.filter(({ key }) => there.has(key));
    this.#files = present.length;
    return present;
  }

  async *#fileBytes(key: string): AsyncGenerator<Uint8Array> {
    const { files, storage, appId } = this.#options;
    const body = await (files ?? storage.files)?.read(appId, key);
    if (!body) throw new TriplaneError('storage-failed', `The file ${key} is gone`);
    yield* chunksOf(body);
  }

  #countTriples(): number {
    const url = this.#store.attrs.forward('$files', 'url')?.id;
    let count = 0;
    for (const [, attr] of this.#store.triples()) if (attr !== url) count++;
    for (const rows of this.#system.values()) for (const { entity } of rows) count += Object.keys(entity).length;
    return count;
  }
}

/** Labels as the archive has them: links with several targets as arrays, others as an id, nulls where they are stored. */
function entityOf(row: Row, { etype, forward }: Namespace): Readonly<Record<string, unknown>> {
  const fields: [string, unknown][] = [];
  for (const [label, attr] of forward) {
    const value = row.value(attr);
    if (value === undefined || (etype === '$files' && label === 'url')) continue;
    fields.push([label, attr.isRef ? linked(row.targets(attr), attr.isMany) : value]);
  }
  return Object.fromEntries(fields);
}

const linked = (targets: readonly string[], isMany: boolean): unknown => (isMany ? targets : targets[0]);

async function loadYazl(): Promise<typeof import('yazl')> {
  try {
    const { default: yazl } = await import('yazl');
    return yazl;
  } catch (cause) {
    throw new TriplaneError('dependency-missing', 'To write a zip archive one more package is needed: npm install yazl', { cause });
  }
}
