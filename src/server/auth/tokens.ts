// Refresh tokens: records of the app's log, named by the token's hash. They do not expire, but can be revoked.

import type { Records } from '../storage/storage.ts';
import { hashToken } from './secrets.ts';

interface TokenRecord {
  /** Missing if an admin wrote the token without a user. */
  readonly user?: string;
  readonly at: number;
}

const prefix = 'token ';

type RecordMap = ReadonlyMap<string, unknown>;

export function withToken(token: string, user: string, at: number): Records {
  return { [prefix + hashToken(token)]: { user, at } satisfies TokenRecord };
}

export function tokenOwner(records: RecordMap, token: string): string | undefined {
  return (records.get(prefix + hashToken(token)) as TokenRecord | undefined)?.user;
}

export function withoutToken(token: string): Records {
  return { [prefix + hashToken(token)]: null };
}

export function withoutTokensOf(records: RecordMap, user: string): Records {
  const gone: Record<string, unknown> = {};
  for (const [name, record] of records) if (userOfTokenRecord(name, record) === user) gone[name] = null;
  return gone;
}

/** Undefined if the record is none of a user's token. */
export function userOfTokenRecord(name: string, record: unknown): string | undefined {
  return name.startsWith(prefix) ? (record as TokenRecord).user : undefined;
}

/** `user`: the token's user. */
export function hasToken(records: RecordMap, hash: string, user?: string): boolean {
  const found = records.get(prefix + hash) as TokenRecord | undefined;
  return found !== undefined && (user === undefined || found.user === user);
}

export function hasTokens(records: Records): boolean {
  return Object.keys(records).some((name) => name.startsWith(prefix));
}

/** Hashes of revoked tokens. */
export function endedTokens(records: Records): string[] {
  return Object.entries(records).flatMap(([name, value]) => (value === null && name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}
