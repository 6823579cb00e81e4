// An app in a backup, either an archive or a folder of downloaded files: `config.json`, `entities/<namespace>.jsonl`, `files/<location>`.

import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import { Archive, type ArchiveLimits, defaultArchiveLimits, invalidArchive } from './archive.ts';
import { type BackupConfig, readConfig } from './backup-config.ts';
import { type NumberedJson, readJsonLines } from './jsonl.ts';
import type { SourceRow } from './row-reader.ts';
import type { Source } from './source.ts';

const maxConfigBytes = 64 * 1024 ** 2;
const [rowsFolder, rowsEnd, filesFolder] = ['entities/', '.jsonl', 'files/'];

/** The files of a backup. */
export interface BackupFiles {
  /** For display. */
  readonly path: string;
  readonly names: readonly string[];
  /** Equal for equal names and contents. */
  readonly fingerprint: string;
  /** In bytes. */
  sizeOf(name: string): number;
  read(name: string): AsyncIterable<Buffer>;
  close(): void;
}

/** Rejects with TriplaneError `archive-invalid`. */
export async function openArchiveSource(path: string, limits: ArchiveLimits = defaultArchiveLimits): Promise<Source> {
  return openBackupSource(await Archive.open(path, limits));
}

/** Closes the files if they are not a backup. Rejects with TriplaneError `archive-invalid`. */
export async function openBackupSource(files: BackupFiles): Promise<Source> {
  try {
    return sourceOf(files, readConfig(await readConfigText(files), 'config.json'));
  } catch (error) {
    files.close();
    throw error;
  }
}

async function readConfigText(files: BackupFiles): Promise<string> {
  if (files.sizeOf('config.json') > maxConfigBytes)
    throw invalidArchive(`${files.path}: config.json is larger than ${maxConfigBytes} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of files.read('config.json')) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function sourceOf(archive: BackupFiles, config: BackupConfig): Source {
  const { names } = archive;
  const namespaces = names
    .filter((name) => name.startsWith(rowsFolder) && name.endsWith(rowsEnd))
    .map((name) => name.slice(rowsFolder.length, -rowsEnd.length));
  const files = names.filter((name) => name.startsWith(filesFolder));
  const strange = files.find((name) => !isUuid(name.slice(filesFolder.length)));
  if (strange !== undefined) throw invalidArchive(`${archive.path}: ${strange} is not named by a UUID`);
  const placeOf = (etype: string): string => rowsFolder + etype + rowsEnd;
  const sum = (list: readonly string[]): number => list.reduce((total, name) => total + archive.sizeOf(name), 0);
  const present = new Set(files);
  const known = new Set(['config.json', ...files, ...namespaces.map(placeOf)]);
  return {
    name: archive.path,
    fingerprint: archive.fingerprint,
    config,
    namespaces: namespaces.sort(),
    placeOf,
    rowBytes: sum(namespaces.map(placeOf)),
    fileBytes: sum(files),
    rows: (etype) => readRows(archive, placeOf(etype)),
    hasFile: (location) => present.has(filesFolder + location),
    file: (location) => archive.read(filesFolder + location),
    notes: [...names.filter((name) => !known.has(name)).map((name) => `${name} has no meaning in a backup and is left out`)],
    close: () => archive.close(),
  };
}

async function* readRows(
  archive: BackupFiles,
  name: string,
): AsyncGenerator<{ readonly rows: readonly SourceRow[]; readonly bytes: number }> {
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
