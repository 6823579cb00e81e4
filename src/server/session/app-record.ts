// Metadata of an app: its title, its admin token, and its expiry if it is ephemeral. Only a hash of the token is stored; the token itself
// is returned once, to the creator.

import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import { hashToken, isSameSecret } from '../auth/secrets.ts';
import { submit } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import type { App } from './app.ts';

export const recordName = 'app';

export interface AppRecord {
  readonly title?: string;
  readonly createdAt?: number;
  /** Missing if only the operator may open the app. */
  readonly tokenHash?: string;
  /** Missing if the app does not expire. */
  readonly expiresAt?: number;
  readonly deletedAt?: number;
  /** How long a magic code is valid. */
  readonly codeMinutes?: number;
}

export function appRecordOf(records: ReadonlyMap<string, unknown>): AppRecord | undefined {
  const found = records.get(recordName);
  return isObject(found) ? found : undefined;
}

export async function writeRecord(app: App, record: AppRecord): Promise<void> {
  await submit(app.ledger, { steps: () => ({ steps: [], records: { [recordName]: record } }), event: undefined, actor: serverActor });
}

/** Fields that are not given keep their values. */
export async function changeRecord(app: App, changes: AppRecord): Promise<void> {
  const steps = ({ records }: { readonly records: ReadonlyMap<string, unknown> }) => {
    return { steps: [], records: { [recordName]: { ...appRecordOf(records), ...changes } satisfies AppRecord } };
  };
  await submit(app.ledger, { steps, event: undefined, actor: serverActor });
}

export function isOwnToken(records: ReadonlyMap<string, unknown>, token: string): boolean {
  const { tokenHash } = appRecordOf(records) ?? {};
  return tokenHash !== undefined && isUuid(token) && isSameSecret(tokenHash, hashToken(token));
}

/** Deleted or expired. */
export function isGone(records: ReadonlyMap<string, unknown>, now: number): boolean {
  const { expiresAt, deletedAt } = appRecordOf(records) ?? {};
  return deletedAt !== undefined || (expiresAt !== undefined && now >= expiresAt);
}
