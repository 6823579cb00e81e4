// Copies the bytes of files from a source into a store, before the records that name them; each is read back and compared.

import { locationName, type LocationRecord } from '../files/file-entities.ts';
import { chunksOf, type FileStore } from '../files/file-store.ts';
import { invalidArchive } from './archive.ts';
import { type Checksum, checksumOf, withChecksum } from './checksum.ts';
import type { Source } from './source.ts';
import type { StageWriter } from './stage-writer.ts';
import type { NamedRecord } from './system-rows.ts';

export interface FileImport {
  readonly appId: string;
  readonly source: Source;
  readonly store: FileStore;
  readonly locations: readonly string[];
  readonly writer: StageWriter;
  readonly progress: (bytes: number) => void;
}

/** Files copied concurrently; their records form one chunk. */
const atOnce = 8;

export async function importFiles(given: FileImport): Promise<void> {
  const { writer, locations } = given;
  const existing = locations.length > 0 ? await listed(given) : new Map<string, string>();
  for (let at = 0; at < locations.length; at += atOnce) {
    const batch = locations.slice(at, at + atOnce);
    if (writer.isStaged) await writer.add(() => '');
    else {
      const records = await Promise.all(batch.map((location) => copy(given, location, existing.get(location))));
      await writer.add(() => JSON.stringify({ field: 'records', entries: records }));
    }
  }
}

/** Files written by an earlier attempt, by location. */
async function listed({ store, appId }: FileImport): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { key, location } of store.list(appId)) found.set(location, key);
  return found;
}

async function copy({ appId, source, store, progress }: FileImport, location: string, existing: string | undefined): Promise<NamedRecord> {
  if (existing !== undefined) {
    const [theirs, ours] = await Promise.all([checksumOf(source.file(location)), stored(store, appId, existing)]);
    if (ours && isSame(theirs, ours)) {
      progress(theirs.size);
      return [locationName(location), { key: existing, size: ours.size } satisfies LocationRecord];
    }
    await store.remove(appId, existing);
  }
  let read: Checksum = { crc: 0, size: 0 };
  const { key, size } = await store.write(
    appId,
    location,
    withChecksum(source.file(location), (checksum) => (read = checksum)),
  );
  const written = await stored(store, appId, key);
  if (!written || !isSame(read, written)) throw invalidArchive(`the file ${location} is not in the store as it was read`);
  progress(size);
  return [locationName(location), { key, size } satisfies LocationRecord];
}

async function stored(store: FileStore, appId: string, key: string): Promise<Checksum | undefined> {
  const body = await store.read(appId, key);
  return body && checksumOf(chunksOf(body));
}

const isSame = (a: Checksum, b: Checksum): boolean => a.crc === b.crc && a.size === b.size;
