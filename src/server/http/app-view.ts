// An app as the dashboard's routes show it.

import type { App } from '../session/app.ts';
import { type AppRecord, appRecordOf } from '../session/app-record.ts';

export function shownApp(app: App): object {
  const own: Partial<AppRecord> = appRecordOf(app.ledger.records) ?? {};
  return {
    id: app.id,
    title: own.title ?? 'Triplane',
    status: app.status,
    created_at: new Date(own.createdAt ?? 0).toISOString().replace(/\.\d+Z$/, 'Z'),
    creator_id: null,
    org_id: null,
    subscription_id: null,
    deletion_marked_at: null,
    connection_string: null,
    magic_code_expiry_minutes: null,
  };
}
