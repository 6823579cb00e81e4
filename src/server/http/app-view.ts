// The JSON form of an app in dashboard routes.

import type { App } from '../session/app.ts';
import { type AppRecord, appRecordOf } from '../session/app-record.ts';

/** The one user of the dashboard. */
export const operatorId = '00000000-0000-4000-8000-00000000000a';

export function shownApp(app: App): object {
  const own: Partial<AppRecord> = appRecordOf(app.ledger.records) ?? {};
  return {
    id: app.id,
    title: titleOf(app),
    status: app.status,
    created_at: dateOf(own.createdAt ?? app.ledger.since),
    creator_id: operatorId,
    org_id: null,
    subscription_id: null,
    deletion_marked_at: own.deletedAt === undefined ? null : dateOf(own.deletedAt),
    connection_string: null,
    magic_code_expiry_minutes: own.codeMinutes ?? null,
  };
}

export function titleOf(app: App): string {
  return appRecordOf(app.ledger.records)?.title ?? 'Triplane';
}

const dateOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
