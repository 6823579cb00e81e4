// Sign-ins and providers of a server that returns them only to explicit queries: neither its attributes nor its sync tables contain them.
// Read after the rows, as a whole, so that they can be compared again before the switch.

import type { SourceRow } from '../row-reader.ts';
import { queried } from './compare-source.ts';
import type { RemoteApp } from './remote-app.ts';

/** In dependency order. */
const recordNamespaces = ['$oauthProviders', '$oauthClients', '$oauthUserLinks', '$userRefreshTokens'] as const;

export type RemoteRecords = ReadonlyMap<string, readonly SourceRow[]>;

type Row = Readonly<Record<string, unknown>>;

/** `known`: namespaces that are copied like any other. Creation times are unknown, so the time of the copy is used. */
export async function readRecords(app: RemoteApp, known: readonly string[]): Promise<RemoteRecords> {
  const createdAt = Date.now();
  const records = new Map<string, SourceRow[]>();
  for (const etype of recordNamespaces.filter((each) => !known.includes(each))) {
    const found: Row[] = [];
    for await (const rows of queried(app, etype, [])) found.push(...rows);
    found.sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
    const rows = found.map((entity, at): SourceRow => ({ entity, createdAt, line: at + 1, name: `${etype} ${String(entity['id'])}` }));
    if (rows.length > 0) records.set(etype, rows);
  }
  return records;
}

export function areSame(some: RemoteRecords, others: RemoteRecords): boolean {
  const textOf = (records: RemoteRecords): string =>
    JSON.stringify([...records].map(([etype, rows]) => [etype, rows.map(({ entity }) => entity)]));
  return textOf(some) === textOf(others);
}

/** For display: settings the copy still needs. */
export function recordNotes(records: RemoteRecords): string[] {
  const clients = records.get('$oauthClients') ?? [];
  return clients.map(({ entity: { name } }) => {
    return `queries do not tell the secret of the sign-in client '${String(name)}': enter it with --client-secret ${String(name)}=…, or later`;
  });
}
