// The entity of each file as seen by queries, and the records beside it. The `url` attribute stores only the location; it is signed when
// sent, so that it is valid for a week from then.

import { applySteps } from '../../db/apply.ts';
import type { Db } from '../../db/db.ts';
import { Layer } from '../../db/layer.ts';
import type { ChangeSet } from '../../db/change-set.ts';
import type { Row } from '../../db/row.ts';
import type { Store } from '../../db/store.ts';
import { timesAfter } from '../../db/times.ts';
import { InstantAPIError } from '../../errors.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { Triple, Value } from '../../protocol/triple.ts';
import { newToken } from '../auth/secrets.ts';
import { rejection } from '../errors.ts';
import type { Guard } from '../rules/guard.ts';
import type { Records } from '../storage/storage.ts';
import type { Actor } from '../data/system-rules.ts';

export const filesEtype = '$files';

/** The attr whose values are signed. */
const urlAttr = '96653230-13ff-ffff-2a35-48afffffffff';

export interface FileFields {
  readonly path: string;
  readonly size: number;
  readonly 'content-type': string;
  readonly 'content-disposition': string;
  readonly 'location-id': string;
}

export function fileByPath(db: Db, path: string): Row | undefined {
  return fileBy(db, 'path', path);
}

export function fileByLocation(db: Db, location: string): Row | undefined {
  return fileBy(db, 'location-id', location);
}

function fileBy(db: Db, label: string, value: string): Row | undefined {
  const attr = db.attrs.forward(filesEtype, label);
  const id = attr && db.find(attr, value);
  const row = id === undefined ? undefined : db.row(filesEtype, id);
  return row?.exists(db.attrs.idAttr(filesEtype)) ? row : undefined;
}

export function fieldOf(db: Db, row: Row, label: string): unknown {
  const attr = db.attrs.forward(filesEtype, label);
  return attr && row.value(attr);
}

export function fileSteps(db: Db, id: string, fields: Partial<FileFields>): Step[] {
  const all = { id, ...fields, 'key-version': 1, ...(fields['location-id'] && { url: fields['location-id'] }) };
  return Object.entries(all).flatMap(([label, value]) => {
    const attr = db.attrs.forward(filesEtype, label);
    return attr ? [['add-triple', id, attr.id, value] satisfies Step] : [];
  });
}

/** The data plus a file of which only the path is known. */
function withPath(db: Store, id: string, path: string): Layer {
  const layer = new Layer(db);
  const steps = fileSteps(db, id, { path }).filter((step) => step[3] !== 1);
  applySteps(layer, steps, { now: () => 0, times: timesAfter });
  return layer;
}

/**
 * Evaluates the rules on a file that is about to be created: only its path and its uploader are known before the bytes arrive.
 *
 * @throws InstantAPIError
 */
export function checkUpload(guard: Guard, db: Store, actor: Actor, id: string, path: string): void {
  const after = withPath(db, id, path);
  const touch = { is: 'value', etype: filesEtype, id, label: 'path' } as const;
  asStorageRule('create', () => guard.authorizeWrite({ actor, before: db, after, accesses: [touch], newAttrs: [] }));
}

/** Evaluates the delete rule for a missing file, by the path it would have. @throws InstantAPIError */
export function checkDelete(guard: Guard, db: Store, actor: Actor, path: string): void {
  const id = newToken();
  const before = withPath(db, id, path);
  guard.authorizeWrite({ actor, before, after: db, accesses: [{ is: 'delete', etype: filesEtype, id, root: id }], newAttrs: [] });
}

/** Rejections by the rules of `$files`, as the storage routes word them. */
export function asStorageRule<T>(action: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw storageDenied(action, error);
  }
}

export function storageDenied(action: string, error?: unknown): unknown {
  if (error !== undefined && !(error instanceof InstantAPIError && error.body.type === 'permission-denied')) return error;
  const hint = { input: [filesEtype, action], expected: 'has-storage-permission?' };
  return rejection('permission-denied', 'Permission denied: not has-storage-permission?', hint);
}

/** Where the bytes of a location are stored, as recorded in the log. */
export interface LocationRecord {
  readonly key: string;
  readonly size: number;
}

const prefix = 'file ';

export const locationName = (location: string): string => prefix + location;

/** The location a record describes. */
export function locationIn(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** Locations without an entity: their records are removed in the same transaction. */
export function forgottenLocations(report: ChangeSet, db: Db): Records | undefined {
  const changes = report.get(filesEtype);
  const attr = db.attrs.forward(filesEtype, 'location-id');
  if (!changes || !attr) return undefined;
  const gone = [...changes.values()].flatMap(({ before, after }) => {
    const was = before?.value(attr);
    return typeof was === 'string' && after?.value(attr) !== was ? [[locationName(was), null] as const] : [];
  });
  return gone.length > 0 ? Object.fromEntries(gone) : undefined;
}

export type FileUrl = (location: string) => string;

/** With signed URLs. */
export function withUrls(triples: readonly Triple[], fileUrl: FileUrl | undefined): readonly Triple[] {
  if (!fileUrl || !triples.some(([, a]) => a === urlAttr)) return triples;
  return triples.map((triple) => withUrl(triple, fileUrl));
}

export function withUrl(triple: Triple, fileUrl: FileUrl | undefined): Triple {
  const [e, a, v, t] = triple;
  return fileUrl && a === urlAttr && typeof v === 'string' ? [e, a, fileUrl(v), t] : triple;
}

/** A tree value for output: URLs are signed. */
export function presentFile(etype: string, label: string, value: Value, fileUrl: FileUrl): Value {
  return etype === filesEtype && label === 'url' && typeof value === 'string' ? fileUrl(value) : value;
}
