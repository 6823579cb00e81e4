// Whether an app accepts reads and writes, and which ops are rejected while it does not. Stored among the app's records, so it
// survives a restart. PROTOCOL.md#app-status-changed

import type { ClientOp } from '../../protocol/client-message.ts';
import type { AppStatus } from '../../protocol/session-messages.ts';
import { rejection } from '../errors.ts';
import type { Records } from '../storage/storage.ts';

const key = 'status';

/** How each op uses an app. `free` ops are accepted in every status, because they only end something. */
const uses: { readonly [Op in ClientOp]: Use | 'free' } = {
  init: 'free',
  'add-query': 'read',
  'remove-query': 'free',
  transact: 'write',
  'join-room': 'read',
  'leave-room': 'free',
  'set-presence': 'read',
  'client-broadcast': 'read',
  'start-sync': 'read',
  'resync-table': 'read',
  'remove-sync': 'free',
  'start-stream': 'write',
  'append-stream': 'write',
  'subscribe-stream': 'read',
  'unsubscribe-stream': 'free',
};

export function statusOf(records: ReadonlyMap<string, unknown>): AppStatus {
  const stored = records.get(key);
  return stored === 'read-only' || stored === 'disabled' ? stored : 'active';
}

export function statusRecord(status: AppStatus): Records {
  return { [key]: status === 'active' ? null : status };
}

/** What admins may do in every status: copying the data of a closed app must be possible. */
const freeForAdmins: ReadonlySet<ClientOp> = new Set(['start-sync', 'resync-table']);

/** @throws InstantAPIError */
export function checkStatus(op: ClientOp, status: AppStatus, isAdmin: boolean): void {
  const use = uses[op];
  if (use !== 'free' && !(isAdmin && freeForAdmins.has(op))) checkUse(use, status);
}

export type Use = 'read' | 'write';

/** @throws InstantAPIError */
export function checkUse(use: Use, status: AppStatus): void {
  if (status === 'active' || (status === 'read-only' && use === 'read')) return;
  throw rejection(`app-${status}`, status === 'disabled' ? 'This app is disabled' : 'This app is read-only', { status });
}
