// User objects as returned over HTTP and in sessions, built from entities of `$users`.

import type { Db } from '../../db/db.ts';
import type { Row } from '../../db/row.ts';
import { asSignInHasIt } from '../data/system-rules.ts';

export interface AppUser {
  readonly id: string;
  readonly app_id: string;
  /** Missing for guests; null for a user whose provider gave no address. */
  readonly email?: string | null;
  /** The user that a guest signed in as, if that user existed before. */
  readonly linkedPrimaryUser?: string;
  readonly isGuest: boolean;
  readonly created_at: string;
  readonly refresh_token?: string;
  readonly [field: string]: unknown;
}

export function userRow(db: Db, id: string): Row | undefined {
  const row = db.row('$users', id);
  return row?.exists(db.attrs.idAttr('$users')) ? row : undefined;
}

export function userByEmail(db: Db, email: string): Row | undefined {
  const attr = db.attrs.forward('$users', 'email');
  const id = attr && db.find(attr, asSignInHasIt(email));
  return id === undefined ? undefined : userRow(db, id);
}

export function isGuest(db: Db, row: Row): boolean {
  return valueOf(db, row, 'type') === 'guest';
}

export function createdAt(row: Row): string {
  return new Date(row.t).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Includes the user's own attributes; of links, only the user that a guest became. */
export function userOf(db: Db, row: Row, appId: string, token?: string): AppUser {
  const own: Record<string, unknown> = {};
  for (const attr of db.attrs.namespace('$users').blobs) {
    const value = row.value(attr);
    if (value !== undefined && (value !== null || !attr.isSystem) && attr.label !== '__proto__') own[attr.label] = value;
  }
  const guest = isGuest(db, row);
  return {
    ...own,
    id: row.id,
    app_id: appId,
    ...(!guest && { email: (valueOf(db, row, 'email') as string | null | undefined) ?? null }),
    isGuest: guest,
    ...primaryUserOf(db, row),
    created_at: createdAt(row),
    ...(token !== undefined && { refresh_token: token }),
  };
}

function primaryUserOf(db: Db, row: Row): { readonly linkedPrimaryUser?: string } {
  const link = db.attrs.forward('$users', 'linkedPrimaryUser');
  const [primary] = link ? row.targets(link) : [];
  return primary === undefined ? {} : { linkedPrimaryUser: primary };
}

function valueOf(db: Db, row: Row, label: string): unknown {
  const attr = db.attrs.forward('$users', label);
  return attr && row.value(attr);
}

const atom = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const domain = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Lowercased and trimmed; undefined if the text is not an e-mail address. */
export function readEmail(given: unknown): string | undefined {
  if (typeof given !== 'string' || given.length > 320) return undefined;
  const text = given.trim().toLowerCase();
  const at = text.lastIndexOf('@');
  return at > 0 && at <= 64 && atom.test(text.slice(0, at)) && domain.test(text.slice(at + 1)) ? text : undefined;
}
