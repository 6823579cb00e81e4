// What an app is besides its data: its title, an admin token of its own, and when it ends if it was made for a while. The token is
// kept as a hash; whoever makes the app is told it once.

import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import { hashToken, isSameSecret } from '../auth/secrets.ts';
import type { Records } from '../storage/storage.ts';

const name = 'app';

export interface AppRecord {
  readonly title: string;
  readonly createdAt: number;
  readonly tokenHash: string;
  /** Missing = never. */
  readonly expiresAt?: number;
}

export function appRecordOf(records: ReadonlyMap<string, unknown>): AppRecord | undefined {
  const found = records.get(name);
  return isObject(found) ? (found as unknown as AppRecord) : undefined;
}

export function appRecord(given: Omit<AppRecord, 'tokenHash'>, token: string): Records {
  return { [name]: { ...given, tokenHash: hashToken(token) } satisfies AppRecord };
}

export function isOwnToken(records: ReadonlyMap<string, unknown>, token: string): boolean {
  const own = appRecordOf(records);
  return own !== undefined && isUuid(token) && isSameSecret(own.tokenHash, hashToken(token));
}

export function isExpired(records: ReadonlyMap<string, unknown>, now: number): boolean {
  const expiresAt = appRecordOf(records)?.expiresAt;
  return expiresAt !== undefined && now >= expiresAt;
}
