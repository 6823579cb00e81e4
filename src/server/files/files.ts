// The files of one app: bytes in a store, plus an entity of `$files` and a record for each in the log. Bytes are written before the
// transaction that names them, and deleted after the transaction that removes the name. So a name always has its bytes; leftovers of a
// killed process have no name and are found by a sweep.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { newToken } from '../auth/secrets.ts';
import { ageByClock, type Moment, momentOf } from '../data/age.ts';
import type { Ledger } from '../data/ledger.ts';
import type { StoredSize } from '../data/stored-size.ts';
import { invalid } from '../errors.ts';
import type { Guard } from '../rules/guard.ts';
import type { LogEntry, Records } from '../storage/storage.ts';
import { submit, whenDurable } from '../data/submit.ts';
import { type Actor, serverActor } from '../data/system-rules.ts';
import type { LedgerState, Planned } from '../data/write.ts';
import {
  checkDelete,
  checkUpload,
  fieldOf,
  fileByLocation,
  fileByPath,
  fileSteps,
  filesEtype,
  locationIn,
  locationName,
  type LocationRecord,
  storageDenied,
} from './file-entities.ts';
import type { ByteRange, FileStore, StoredFile } from './file-store.ts';
import { isGoodUrl, newUrlKey, signedUrl, urlKeyRecord } from './file-urls.ts';

export interface FilesConfig {
  readonly appId: string;
  readonly ledger: Ledger;
  readonly guard: () => Guard;
  /** Missing = uploads are rejected. */
  readonly store: FileStore | undefined;
  readonly size: StoredSize;
  /** Base URL for clients. */
  readonly origin: () => string;
  readonly clock: Clock;
  readonly logger: Log;
}

export interface Upload {
  readonly path: string;
  readonly contentType?: string | undefined;
  readonly contentDisposition?: string | undefined;
  /** Record of a single-use upload URL. */
  readonly ticket?: string | undefined;
}

export interface Uploaded {
  readonly id: string;
  readonly 'location-id': string;
  readonly size: number;
}

export interface FileHead {
  readonly size: number;
  readonly contentType: string;
  readonly contentDisposition: string;
}

const dayMs = 24 * 3_600_000;
const ticketMs = 3_600_000;
const ticketName = (ticket: string): string => `upload ${ticket}`;

export class Files {
  readonly #config: FilesConfig;
  /** Location → key of its bytes, as in the records. */
  #keys = new Map<string, string>();
  /** Bytes of uploads in progress. */
  #uploading = 0;

  constructor(config: FilesConfig) {
    this.#config = config;
  }

  /** Replaces all records. */
  load(): void {
    this.#keys = new Map();
    for (const [name, value] of this.#config.ledger.records) this.#note(name, value);
  }

  /** Deletes the bytes of locations removed by these transactions. */
  committed(entries: readonly LogEntry[]): void {
    for (const { records } of entries) {
      for (const [name, value] of Object.entries(records ?? {})) {
        const location = locationIn(name);
        const key = location === undefined ? undefined : this.#keys.get(location);
        this.#note(name, value);
        if (location !== undefined && value === null && key !== undefined) void this.#drop(key);
      }
    }
  }

  /** Undefined until the app has its first file. */
  url(location: string): string | undefined {
    const { appId, ledger, origin, clock } = this.#config;
    const key = ledger.records.get(urlKeyRecord);
    return typeof key === 'string' ? signedUrl({ origin: origin(), appId, key }, location, clock.now()) : undefined;
  }

  isGoodUrl(location: string, expires: string, signature: string): boolean {
    const { appId, ledger, clock } = this.#config;
    const key = ledger.records.get(urlKeyRecord);
    return typeof key === 'string' && isGoodUrl({ appId, key }, location, expires, signature, clock.now());
  }

  /** Call before the body is read. `size`: if it is known. @throws InstantAPIError */
  async mayUpload(actor: Actor, path: string, size = 0): Promise<void> {
    checkPath(path);
    const { ledger, guard } = this.#config;
    this.#store();
    this.#checkRoom(size);
    await whenDurable(ledger, () => checkUpload(guard(), ledger.db, actor, newToken(), path));
  }

  /** @throws InstantAPIError; nothing is kept in that case */
  async upload(actor: Actor, upload: Upload, body: AsyncIterable<Uint8Array>): Promise<Uploaded> {
    const { appId, ledger } = this.#config;
    const store = this.#store();
    const location = newToken();
    const uploading = { bytes: 0 };
    const stored = await store.write(appId, location, this.#counted(body, uploading)).finally(() => (this.#uploading -= uploading.bytes));
    let id = '';
    const steps = (held: LedgerState): Planned => {
      const known = fileByPath(held.db, upload.path);
      id = known?.id ?? newToken();
      checkUpload(this.#config.guard(), held.db, actor, id, upload.path);
      return planUpload(held, id, upload, location, stored);
    };
    try {
      await submit(ledger, { steps, event: undefined, actor: serverActor });
    } catch (error) {
      await this.#drop(stored.key);
      throw error;
    }
    return { id, 'location-id': location, size: stored.size };
  }

  async *#counted(body: AsyncIterable<Uint8Array>, uploading: { bytes: number }): AsyncIterable<Uint8Array> {
    for await (const chunk of body) {
      this.#checkRoom(chunk.byteLength);
      this.#uploading += chunk.byteLength;
      uploading.bytes += chunk.byteLength;
      yield chunk;
    }
  }

  #checkRoom(bytes: number): void {
    const { size, ledger } = this.#config;
    if (bytes > 0) size.check(this.#uploading + bytes, ledger.records, false);
  }

  /** A secret that allows one upload at this path within an hour. */
  async ticket(path: string): Promise<string> {
    checkPath(path);
    const ticket = newToken();
    const planned = (state: LedgerState): Planned => ({ steps: [], records: { [ticketName(ticket)]: { path, ...momentOf(state) } } });
    await submit(this.#config.ledger, { steps: planned, event: undefined, actor: serverActor });
    return ticket;
  }

  /** @throws InstantAPIError if it was used or has expired */
  async pathOf(ticket: string): Promise<string> {
    return whenDurable(this.#config.ledger, () => pathFor(this.#config.ledger.records, ticket, this.#config.clock.now()));
  }

  /** @returns the ids of the files that existed. @throws InstantAPIError; nothing is deleted in that case */
  async remove(actor: Actor, paths: readonly string[]): Promise<string[]> {
    let ids: string[] = [];
    const steps = ({ db }: LedgerState): Planned => {
      ids = [...new Set(paths)].flatMap((path) => {
        const found = fileByPath(db, path);
        // Only a caller who may delete the file learns whether it exists.
        if (!found) checkDelete(this.#config.guard(), db, actor, path);
        return found?.id ?? [];
      });
      return { steps: ids.map((id) => ['delete-entity', id, filesEtype]) };
    };
    try {
      await submit(this.#config.ledger, { steps, event: undefined, actor });
    } catch (error) {
      throw storageDenied('delete', error);
    }
    return ids;
  }

  /** The file at a location; undefined if there is none. */
  head(location: string): Promise<FileHead | undefined> {
    const { ledger } = this.#config;
    return whenDurable(ledger, () => {
      const row = fileByLocation(ledger.db, location);
      const record = ledger.records.get(locationName(location)) as LocationRecord | undefined;
      if (!row || !record) return undefined;
      const text = (label: string, otherwise: string): string => {
        const value = fieldOf(ledger.db, row, label);
        return typeof value === 'string' && value !== '' ? value : otherwise;
      };
      const contentType = text('content-type', defaultType);
      return { size: record.size, contentType, contentDisposition: text('content-disposition', 'inline') };
    });
  }

  /** Its key in the store. */
  keyOf(location: string): string | null {
    return this.#keys.get(location) ?? null;
  }

  async read(location: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const key = this.#keys.get(location);
    return key === undefined ? undefined : this.#store().read(this.#config.appId, key, range);
  }

  /** Removes files that are a day old and not referenced. Never rejects. */
  async sweep(): Promise<void> {
    const { appId, ledger, store, clock, logger } = this.#config;
    try {
      for await (const { key, location, at } of store?.list(appId) ?? []) {
        if (clock.now() - at < dayMs || ledger.records.has(locationName(location))) continue;
        await store?.remove(appId, key);
      }
    } catch (error) {
      logger.warn('files that no entity refers to could not be searched for', error);
    }
  }

  #note(name: string, value: unknown): void {
    const location = locationIn(name);
    if (location === undefined) return;
    if (value === null || value === undefined) this.#keys.delete(location);
    else this.#keys.set(location, (value as LocationRecord).key);
  }

  async #drop(key: string): Promise<void> {
    const { store, appId, logger } = this.#config;
    await store?.remove(appId, key).catch((error: unknown) => logger.warn('a file could not be removed', error));
  }

  #store(): FileStore {
    if (this.#config.store) return this.#config.store;
    const message = 'This server has nowhere to keep files: give createServer `files: diskFiles(folder)` or `files: s3Files({ bucket })`';
    throw invalid('storage', null, [{ message }]);
  }
}

const defaultType = 'application/octet-stream';

function planUpload({ db, records, now }: LedgerState, id: string, upload: Upload, location: string, { key, size }: StoredFile): Planned {
  const { path, contentType = defaultType, contentDisposition = 'inline', ticket } = upload;
  if (ticket !== undefined) pathFor(records, ticket, now);
  const fields = { path, size, 'content-type': contentType, 'content-disposition': contentDisposition, 'location-id': location };
  const kept: Records = {
    [locationName(location)]: { key, size } satisfies LocationRecord,
    ...(!records.has(urlKeyRecord) && { [urlKeyRecord]: newUrlKey() }),
    ...(ticket !== undefined && { [ticketName(ticket)]: null }),
  };
  return { steps: fileSteps(db, id, fields), records: kept };
}

function pathFor(records: ReadonlyMap<string, unknown>, ticket: string, now: number): string {
  const found = records.get(ticketName(ticket)) as (Moment & { readonly path: string }) | undefined;
  if (found && ageByClock(found, now) < ticketMs) return found.path;
  throw invalid('app-upload-url', null, [{ message: 'The upload URL is expired or invalid.' }]);
}

/** Paths are limited to the size of an indexed attribute. */
const longestPath = 1024;

/** A path is a name, not a location: dots and slashes have no meaning. @throws InstantAPIError */
function checkPath(path: string): void {
  const fault = path.includes('\0')
    ? 'a path has no NUL character'
    : Buffer.byteLength(path) > longestPath
      ? `a path has ${longestPath} bytes at most`
      : path.startsWith('$stream/')
        ? 'paths below $stream/ belong to streams'
        : undefined;
  if (fault !== undefined) throw invalid('path', path.slice(0, 100), [{ message: fault, in: ['path'] }]);
}
