// An app in a backup archive: `config.json`, `entities/<namespace>.jsonl`, `files/<location>`.

import { createHash } from 'node:crypto';
import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import { Archive, type ArchiveLimits, defaultArchiveLimits, invalidArchive } from './archive.ts';
import { type BackupConfig, readConfig } from './backup-config.ts';
import { type NumberedJson, readJsonLines } from './jsonl.ts';
import type { SourceRow } from './row-reader.ts';
import type { Source } from './source.ts';

const maxConfigBytes = 64 * 1024 ** 2;
const [rowsFolder, rowsEnd, filesFolder] = ['entities/', '.jsonl', 'files/'];

/** Rejects with TriplaneError `archive-invalid`. */
export async function openArchiveSource(path: string, limits: ArchiveLimits = defaultArchiveLimits): Promise<Source> {
  const archive = await Archive.open(path, limits);
  try {
    const config = readConfig(await archive.text('config.json', maxConfigBytes), 'config.json');
    return sourceOf(archive, config);
  } catch (error) {
    archive.close();
    throw error;
  }
}

function sourceOf(archive: Archive, config: BackupConfig): Source {
  const names = [...archive.entries.keys()];
  const namespaces = names
    .filter((name) => name.startsWith(rowsFolder) && name.endsWith(rowsEnd))
    .map((name) => name.slice(rowsFolder.length, -rowsEnd.length));
  const files = names.filter((name) => name.startsWith(filesFolder));
  const strange = files.find((name) => !isUuid(name.slice(filesFolder.length)));
  if (strange !== undefined) throw invalidArchive(`${archive.path}: ${strange} is not named by a UUID`);
  const placeOf = (etype: string): string => rowsFolder + etype + rowsEnd;
  const sum = (list: readonly string[]): number => list.reduce((total, name) => total + archive.sizeOf(name), 0);
  const known = new Set(['config.json', ...files, ...namespaces.map(placeOf)]);
  return {
    name: archive.path,
    fingerprint: fingerprintOf(archive),
    config,
    namespaces: namespaces.sort(),
    placeOf,
    rowBytes: sum(namespaces.map(placeOf)),
    fileBytes: sum(files),
    rows: (etype) => readRows(archive, placeOf(etype)),
    hasFile: (location) => archive.entries.has(filesFolder + location),
    file: (location) => archive.read(filesFolder + location),
    notes: [
      ...names.filter((name) => !known.has(name)).map((name) => `${name} has no meaning in a backup and is left out`),
      ...missing(config, namespaces),
    ],
    close: () => archive.close(),
  };
}

/** Namespaces that the backup counts rows of and has none of. */
function missing({ counts }: BackupConfig, namespaces: readonly string[]): string[] {
  const gone = Object.entries(counts).filter(([etype, count]) => count > 0 && !namespaces.includes(etype));
  return gone.map(([etype, count]) => `config.json counts ${count} rows of ${etype}, and there is no file with them`);
}

async function* readRows(archive: Archive, name: string): AsyncGenerator<{ readonly rows: readonly SourceRow[]; readonly bytes: number }> {
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of archive.read(name)) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  };
  for await (const lines of readJsonLines(counted(), name)) {
    yield { rows: lines.map((line) => asRow(line, name)), bytes };
    bytes = 0;
  }
}

function asRow({ json, line }: NumberedJson, name: string): SourceRow {
  if (!isObject(json) || !isObject(json.entity)) throw invalidArchive(`${name}:${line}: must be an object with an entity`);
  const { entity, createdAt } = json;
  if (typeof createdAt === 'number' && Math.abs(createdAt) <= 8.64e15) return { entity, createdAt, line };
  throw invalidArchive(`${name}:${line}: createdAt must be a time in milliseconds`);
}

/** The directory of an archive has the checksum of every entry. */
function fingerprintOf({ entries }: Archive): string {
  const hash = createHash('sha256');
  for (const [name, { crc32, uncompressedSize }] of entries) hash.update(`${name}\0${crc32}\0${uncompressedSize}\n`);
  return hash.digest('hex');
}
