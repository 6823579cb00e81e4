// Archives made by hand, and what is in a storage, for the tests of import and export.

import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import yazl from 'yazl';
import { openArchiveSource } from '../../../src/server/move/backup-source.ts';
import type { ArchiveLimits } from '../../../src/server/move/archive.ts';
import { importApp, type ImportOptions, type ImportReport } from '../../../src/server/move/import.ts';
import { replay } from '../../../src/server/storage/replay.ts';
import type { Storage } from '../../../src/server/storage/storage.ts';

export const adminToken = 'ad000000-0000-4000-8000-000000000001';
export const appId = 'a9900000-0000-4000-8000-0000000000aa';

export const recorded = (name: string): string => fileURLToPath(new URL(`archives/${name}.zip`, import.meta.url));

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'triplane-move-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Entries by name; a list is written as lines of JSON. */
export async function writeZip(path: string, entries: Readonly<Record<string, unknown>>): Promise<string> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(entries)) {
    const text = Array.isArray(content) ? content.map((line) => `${JSON.stringify(line)}\n`).join('') : content;
    const bytes = Buffer.isBuffer(text) ? text : Buffer.from(typeof text === 'string' ? text : JSON.stringify(text));
    zip.addBuffer(bytes, name, { forceZip64Format: true });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

export const attr = (valueType: string, traits: { unique?: boolean; indexed?: boolean; required?: boolean } = {}): object => ({
  valueType,
  config: { unique: traits.unique === true, indexed: traits.indexed === true },
  ...(traits.required && { required: true }),
});

/** `config.json` of a small app. */
export function configOf(entities: Readonly<Record<string, object>>, links: object = {}, rest: object = {}): object {
  const schema = { entities: Object.fromEntries(Object.entries(entities).map(([etype, attrs]) => [etype, { attrs }])), links };
  return { appId, title: 'small', schema, rules: null, counts: {}, backupAt: '2026-11-29T16:49:16.472Z', ...rest };
}

export async function importFrom(
  path: string,
  options: Omit<ImportOptions, 'source' | 'adminToken'>,
  limits?: ArchiveLimits,
): Promise<ImportReport> {
  const source = await openArchiveSource(path, limits);
  try {
    return await importApp({ adminToken, ...options, source });
  } finally {
    await source.close();
  }
}

/** What an app holds, by names instead of ids, in an order of its own. */
export async function contentsOf(
  storage: Storage,
  app: string,
): Promise<{ readonly attrs: unknown[]; readonly triples: string[]; readonly records: object }> {
  const { attrs, triples, records = {} } = replay(await (await storage.open(app)).load());
  const nameOf = new Map(attrs.map(({ id, 'forward-identity': [, etype, label] }) => [id, `${etype}.${label}`]));
  const { import: _import, app: _app, 'file-url-key': _key, oauth, webhooks = [], ...rest } = records;
  const files = Object.entries(rest).map(
    ([name, value]) => [name, name.startsWith('file ') ? (value as { size: number }).size : value] as const,
  );
  return {
    attrs: attrs
      .map(({ id: _id, 'forward-identity': [, ...name], 'reverse-identity': [, ...back] = [''], ...traits }) => {
        return { name, back, ...traits };
      })
      .sort(byText),
    triples: triples.map(([e, a, v, t]) => JSON.stringify([e, nameOf.get(a) ?? a, v, t])).sort(),
    records: { ...Object.fromEntries(files.sort(byText)), oauth: withoutTimes(oauth), webhooks: untimed(webhooks) },
  };
}

const untimed = (webhooks: unknown): object[] =>
  (webhooks as Record<string, unknown>[]).map(({ createdAt: _createdAt, updatedAt: _updatedAt, ...webhook }) => webhook);

/** Of origins, which have none in a backup. */
function withoutTimes(oauth: unknown): unknown {
  const { origins = [], providers = [], clients = [] } = (oauth ?? {}) as Partial<Record<string, { created_at: string }[]>>;
  return { providers, clients, origins: origins.map(({ created_at: _, ...origin }) => origin) };
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
