// A copy of a running server's app, as the source of an import.

import type { Source } from '../source.ts';
import type { SourceRow } from '../row-reader.ts';
import { isManyLink } from './live-copy.ts';
import type { Mirror } from './mirror.ts';
import type { RemoteApp } from './remote-app.ts';
import { readRemoteConfig } from './remote-config.ts';
import { recordNotes, type RemoteRecords } from './remote-records.ts';
import type { RemoteFiles } from './remote-files.ts';

const rowsAtOnce = 1000;
/** Assumed size of a row, for progress. */
const bytesOfRow = 200;

export interface MirrorSourceOptions {
  readonly app: RemoteApp;
  readonly mirror: Mirror;
  readonly files: RemoteFiles;
  readonly etypes: readonly string[];
  /** Parts that are not in the mirror. */
  readonly records: RemoteRecords;
}

export async function mirrorSource({ app, mirror, files, etypes, records }: MirrorSourceOptions): Promise<Omit<Source, 'close'>> {
  const notes: string[] = [];
  const mirrored = etypes.map((etype) => [etype, mirror.count(etype)] as const).filter(([, rows]) => rows > 0);
  const counted = [...mirrored, ...[...records].map(([etype, rows]) => [etype, rows.length] as const)];
  const counts = Object.fromEntries(counted);
  const rowCount = counted.reduce((sum, [, rows]) => sum + rows, 0);
  notes.push(...recordNotes(records));
  if (!etypes.includes('$userRefreshTokens') && !records.has('$userRefreshTokens'))
    notes.push('the source tells of no refresh tokens: --accept-tokens-from keeps users signed in');
  return {
    name: app.url,
    fingerprint: `a copy of ${app.url}`,
    config: await readRemoteConfig(app, { attrs: mirror.attrs, counts, notes }),
    namespaces: counted.map(([etype]) => etype),
    placeOf: (etype) => etype,
    rowBytes: rowCount * bytesOfRow,
    fileBytes: 0,
    rows: (etype) => {
      const rows = records.get(etype);
      return rows ? batchOf(rows) : rowsOf(mirror, etype);
    },
    hasFile: (location) => files.has(location),
    file: (location) => files.read(location),
    notes,
  };
}

type Batch = { readonly rows: readonly SourceRow[]; readonly bytes: number };

async function* batchOf(rows: readonly SourceRow[]): AsyncGenerator<Batch> {
  yield { rows, bytes: rows.length * bytesOfRow };
}

async function* rowsOf(mirror: Mirror, etype: string): AsyncGenerator<Batch> {
  const links = mirror.attrs.filter((attr) => isManyLink(attr) && attr['forward-identity'][1] === etype);
  let line = 0;
  for (const page of mirror.pages(etype, rowsAtOnce)) {
    const rows = page.map(({ id, createdAt, fields }): SourceRow => {
      const targets = links.map((attr) => [attr['forward-identity'][2], mirror.targets(attr.id, id)] as const);
      const linked = Object.fromEntries(targets.filter(([, found]) => found.length > 0));
      return { entity: { id, ...fields, ...linked }, createdAt, line: ++line, name: `${etype} ${id}` };
    });
    yield { rows, bytes: rows.length * bytesOfRow };
  }
}
