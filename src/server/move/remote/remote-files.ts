// The bytes of files named by a copy, stored beside it, each downloaded once from the URL given by the source.

import { createReadStream, existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InstantAPIError } from '../../../errors.ts';
import { isUuid } from '../../../lib/uuid.ts';
import { makeFolder } from '../../storage/sqlite/sqlite.ts';
import type { Progress } from '../import.ts';
import type { Mirror } from './mirror.ts';
import type { RemoteApp } from './remote-app.ts';
import { saveFile } from './save-file.ts';

const atOnce = 8;
const idsAtOnce = 100;

export class RemoteFiles {
  readonly #app: RemoteApp;
  readonly #mirror: Mirror;
  readonly #folder: string;
  readonly #progress: (progress: Progress) => void;

  constructor(app: RemoteApp, mirror: Mirror, folder: string, progress: (progress: Progress) => void) {
    this.#app = app;
    this.#mirror = mirror;
    this.#folder = folder;
    this.#progress = progress;
  }

  /** Downloads missing files, and removes those no row refers to. Returns the number of new ones. */
  async fetch(): Promise<number> {
    if (!this.#mirror.etypes.includes('$files')) return 0;
    await makeFolder(this.#folder);
    const named = new Set<string>();
    let count = 0;
    for (const rows of this.#mirror.pages('$files', idsAtOnce)) {
      const locations = new Map(rows.map(({ id, fields }) => [id, fields['location-id']] as const));
      const missing = [...locations].flatMap(([id, location]) => (isUuid(location) && !this.has(location) ? [id] : []));
      for (const location of locations.values()) if (isUuid(location)) named.add(location);
      if (missing.length > 0) count += await this.#fetchAll(missing);
    }
    for (const name of await readdir(this.#folder)) if (!named.has(name)) await rm(join(this.#folder, name), { force: true });
    return count;
  }

  has(location: string): boolean {
    return existsSync(join(this.#folder, location));
  }

  read(location: string): AsyncIterable<Uint8Array> {
    return createReadStream(join(this.#folder, location)) as AsyncIterable<Uint8Array>;
  }

  async #fetchAll(ids: readonly string[]): Promise<number> {
    const { $files = [] } = await this.#app.request('POST', '/admin/query', { query: { $files: { $: { where: { id: { $in: ids } } } } } });
    const waiting = ($files as Readonly<Record<string, unknown>>[]).filter(({ 'location-id': location }) => isUuid(location));
    const total = waiting.length;
    let done = 0;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          await this.#fetchOne(String(next['location-id']), String(next['url']));
          this.#progress({ phase: 'download', done: ++done, total, rows: 0 });
        }
      }),
    );
    return total;
  }

  /** A file deleted meanwhile is not an error: its row will be deleted too. */
  async #fetchOne(location: string, url: string): Promise<void> {
    try {
      await this.#app.download(url, (bytes) => saveFile(join(this.#folder, location), bytes, () => undefined));
    } catch (error) {
      if (!(error instanceof InstantAPIError) || error.status >= 500) throw error;
    }
  }
}
