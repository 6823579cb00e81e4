// The server's records as rows for admins: created when a query names them, and never visible to others. Secrets appear as hashes; secrets
// of sign-in clients do not appear.

import type { Db } from '../../db/db.ts';
import { Ingestion } from '../../db/ingest.ts';
import { Layer } from '../../db/layer.ts';
import { isObject } from '../../lib/json.ts';
import type { Triple } from '../../protocol/triple.ts';
import { waitingCodes } from '../auth/codes.ts';
import { oauthOf } from '../auth/oauth/oauth-config.ts';
import { waitingSignIns } from '../auth/oauth/oauth.ts';
import { recordAttrs, recordNamespaces } from '../data/record-attrs.ts';
import type { Actor } from '../data/system-rules.ts';
import { derivedId } from './derived-id.ts';
import { type BackupRow, systemRows } from './system-rows.ts';

type RecordMap = ReadonlyMap<string, unknown>;

/** Rows between two yields. */
const rowsAtOnce = 1000;
const attrIds = new Map(recordAttrs.map(({ id, 'forward-identity': [, etype, label] }) => [`${etype} ${label}`, id]));

/** The data for a query of this actor: includes rows of records if an admin's query names them. */
export function* withRecordRows(db: Db, query: unknown, { actor, records }: { readonly actor: Actor; readonly records: RecordMap }) {
  if (!actor.isAdmin || !namesRecords(query)) return db;
  const layer = new Layer(db);
  layer.setAttrs(db.attrs.with(recordAttrs));
  // A copy: records added while it is read are not part of the result.
  const rows = recordRows(new Map(records), (userId) => db.row('$users', userId)?.t ?? 0);
  const ingestion = new Ingestion(layer.attrs, {});
  let count = 0;
  for (const [etype, some] of rows) {
    for (const row of some) {
      ingestion.add(triplesOf(etype, row));
      if (++count % rowsAtOnce === 0) yield;
    }
  }
  for (const [etype, table] of ingestion.tables) for (const [id, row] of table) layer.put(etype, id, row);
  layer.forgetChanges();
  return layer;
}

/** Whether a namespace, a link or a path of the query refers to records. */
function namesRecords(query: unknown): boolean {
  if (Array.isArray(query)) return query.some(namesRecords);
  if (!isObject(query)) return false;
  return Object.entries(query).some(([key, value]) => key.split('.').some((part) => recordNamespaces.has(part)) || namesRecords(value));
}

/** By namespace. */
export function recordRows(records: RecordMap, createdAtOf: (userId: string) => number): ReadonlyMap<string, readonly BackupRow[]> {
  const clientIds = new Map(oauthOf(records).clients.map(({ id, client_name: name }) => [name, id]));
  const { codes, redirects } = waitingSignIns(records);
  return new Map([
    ...systemRows(records, { createdAtOf, withSecrets: false }),
    [
      '$magicCodes',
      waitingCodes(records).map(({ email, hash, at, id }) =>
        rowOf('code', hash, at, { ...(id !== undefined && { id }), email, codeHash: hash }),
      ),
    ],
    ['$oauthCodes', codes.map(({ hash, at, ...fields }) => rowOf('oauth-code', hash, at, { codeHash: hash, ...fields }))],
    [
      '$oauthRedirects',
      redirects.map(({ hash, at, client, ...fields }) =>
        rowOf('oauth-state', hash, at, { stateHash: hash, ...fields, $oauthClient: clientIds.get(client) }),
      ),
    ],
  ]);
}

const rowOf = (kind: string, hash: string, createdAt: number, fields: BackupRow['entity']): BackupRow => {
  return { entity: { id: derivedId(kind, hash), ...fields }, createdAt };
};

function* triplesOf(etype: string, { entity, createdAt }: BackupRow): Generator<Triple> {
  for (const [label, value] of Object.entries(entity)) {
    const attrId = attrIds.get(`${etype} ${label}`);
    if (attrId !== undefined && value !== undefined) yield [String(entity['id']), attrId, value, createdAt];
  }
}
