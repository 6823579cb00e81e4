// What an app is besides its data: its title, an admin token of its own, and when it ends if it was made for a while. The token is
// kept as a hash; whoever makes the app is told it once.

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
  /** Missing = only the operator opens it. */
  readonly tokenHash?: string;
  /** Missing = never. */
  readonly expiresAt?: number;
  readonly deletedAt?: number;
  /** How long a magic code is good. */
  readonly codeMinutes?: number;
}

export function appRecordOf(records: ReadonlyMap<string, unknown>): AppRecord | undefined {
  const found = records.get(recordName);
  return isObject(found) ? found : undefined;
}

export async function writeRecord(app: App, record: AppRecord): Promise<void> {
  await submit(app.ledger, { steps: () => ({ steps: [], records: { [recordName]: record } }), event: undefined, actor: serverActor });
}

/** What is not named stays. */
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

/** Deleted, or made for a time that is over. */
export function isGone(records: ReadonlyMap<string, unknown>, now: number): boolean {
  const { expiresAt, deletedAt } = appRecordOf(records) ?? {};
  return deletedAt !== undefined || (expiresAt !== undefined && now >= expiresAt);
}
