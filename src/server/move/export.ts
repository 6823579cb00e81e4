// Writes an app as a backup archive in InstantDB's format, which `import.ts` reads and the original restores.

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TriplaneError } from '../../errors.ts';
import { Attrs } from '../../db/attrs.ts';
import { Store } from '../../db/store.ts';
import { systemAttrs } from '../data/system-attrs.ts';
import { locationIn, type LocationRecord } from '../files/file-entities.ts';
import { chunksOf, type FileStore } from '../files/file-store.ts';
import { privateFile } from '../private-files.ts';
import { replay } from '../storage/replay.ts';
import type { Snapshot, Storage } from '../storage/storage.ts';
import { BackupContent } from './backup-content.ts';
import { completed } from '../../lib/yielding.ts';

export interface ExportOptions {
  readonly storage: Storage;
  readonly files?: FileStore | undefined;
  readonly appId: string;
  /** Path of the archive; it is written under a temporary name and renamed when complete. */
  readonly out: string;
  /** Secrets of sign-in clients are included in plain text. */
  readonly withSecrets?: boolean | undefined;
}

export interface ExportReport {
  readonly appId: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly tripleCount: number;
  readonly files: number;
  readonly notes: readonly string[];
}

/** Rejects with TriplaneError `config-invalid` if the app does not exist. */
export async function exportApp(options: ExportOptions): Promise<ExportReport> {
  const { storage, appId } = options;
  if (!(await storage.apps()).includes(appId)) throw new TriplaneError('config-invalid', `There is no app ${appId}`);
  const snapshot = replay(await (await storage.open(appId)).load());
  const app = new ExportedApp(snapshot, options);
  const archive = await app.archive();
  const unfinished = `${options.out}.unfinished`;
  try {
    await rm(unfinished, { force: true });
    await pipeline(archive, createWriteStream(unfinished, { flags: 'wx', mode: privateFile }));
    await rename(unfinished, options.out);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return app.report;
}

class ExportedApp {
  readonly #options: ExportOptions;
  readonly #records: ReadonlyMap<string, unknown>;
  readonly #content: BackupContent;
  readonly #notes: string[] = [];
  readonly #tripleCount: number;
  readonly #at: number;
  #files = 0;

  constructor({ attrs, deletedAttrs, triples, records = {}, at }: Snapshot, options: ExportOptions) {
    this.#options = options;
    const { appId, withSecrets = false } = options;
    const known = new Set(systemAttrs.map(({ id }) => id));
    const db = new Store(Attrs.from([...systemAttrs, ...attrs.filter(({ id }) => !known.has(id))]), { times: true });
    db.load(triples);
    this.#records = new Map(Object.entries(records));
    this.#at = at;
    this.#content = new BackupContent({ appId, db, records: this.#records, at, withSecrets });
    this.#tripleCount = completed(this.#content.countTriples());
    if (deletedAttrs.length > 0) this.#notes.push(`${deletedAttrs.length} deleted attributes and their values are not in a backup`);
  }

  get report(): ExportReport {
    const { appId } = this.#options;
    const counts = Object.fromEntries(this.#content.counts);
    return { appId, counts, tripleCount: this.#tripleCount, files: this.#files, notes: this.#notes };
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
    const config = JSON.stringify(this.#content.config(this.#tripleCount));
    add('config.json', () => Readable.from([Buffer.from(config)]));
    for (const etype of this.#content.counts.keys()) add(`entities/${etype}.jsonl`, () => Readable.from(this.#content.lines(etype)));
    for (const { location, key } of await this.#presentFiles()) add(`files/${location}`, () => Readable.from(this.#fileBytes(key)));
    zip.end({ forceZip64Format: true, comment: '' });
    return zip.outputStream;
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
}

async function loadYazl(): Promise<typeof import('yazl')> {
  try {
    const { default: yazl } = await import('yazl');
    return yazl;
  } catch (cause) {
    throw new TriplaneError('dependency-missing', 'To write a zip archive one more package is needed: npm install yazl', { cause });
  }
}
