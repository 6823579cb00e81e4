// Whether an app takes reads and writes, and what is refused while it does not. Kept among the app's records, so it
// outlasts the server. PROTOCOL.md#app-status-changed

import type { ClientOp } from '../../protocol/client-message.ts';
import type { AppStatus } from '../../protocol/session-messages.ts';
import { rejection } from '../errors.ts';
import type { Records } from '../storage/storage.ts';

const key = 'status';
const writes: ReadonlySet<ClientOp> = new Set<ClientOp>(['transact', 'start-stream', 'append-stream']);
const reads: ReadonlySet<ClientOp> = new Set<ClientOp>(['add-query', 'join-room', 'start-sync', 'resync-table', 'subscribe-stream']);

export function statusOf(records: ReadonlyMap<string, unknown>): AppStatus {
  const stored = records.get(key);
  return stored === 'read-only' || stored === 'disabled' ? stored : 'active';
}

export function statusRecord(status: AppStatus): Records {
  return { [key]: status === 'active' ? null : status };
}

/** @throws InstantAPIError */
export function checkStatus(op: ClientOp, status: AppStatus): void {
  if (writes.has(op)) checkUse('write', status);
  else if (reads.has(op)) checkUse('read', status);
}

export type Use = 'read' | 'write';

/** @throws InstantAPIError */
export function checkUse(use: Use, status: AppStatus): void {
  if (status === 'active' || (status === 'read-only' && use === 'read')) return;
  throw rejection(`app-${status}`, status === 'disabled' ? 'This app is disabled' : 'This app is read-only', { status });
}
