// The smallest message of every op: its required fields and no other. A new op does not compile until it is here.

import type { ClientMessage, ClientOp } from '../../src/protocol/client-message.ts';
import type { ServerMessage, ServerOp } from '../../src/protocol/server-message.ts';

const id = 'a9900000-0000-4000-8000-000000000001';
const q = { goals: {} };

export const clientMinimal: { readonly [Op in ClientOp]: Extract<ClientMessage, { readonly op: Op }> } = {
  init: { op: 'init', 'app-id': id },
  'add-query': { op: 'add-query', q },
  'remove-query': { op: 'remove-query', q },
  transact: { op: 'transact', 'tx-steps': [] },
  'join-room': { op: 'join-room', 'room-id': 'r' },
  'leave-room': { op: 'leave-room', 'room-id': 'r' },
  'set-presence': { op: 'set-presence', 'room-id': 'r' },
  'client-broadcast': { op: 'client-broadcast', 'room-id': 'r', topic: 'emoji' },
  'start-sync': { op: 'start-sync', q },
  'resync-table': { op: 'resync-table', 'subscription-id': id, 'tx-id': 1, token: id },
  'remove-sync': { op: 'remove-sync', 'subscription-id': id },
  'start-stream': { op: 'start-stream', 'client-id': 's', 'reconnect-token': id },
  'append-stream': { op: 'append-stream', 'stream-id': id, chunks: [], offset: 0 },
  'subscribe-stream': { op: 'subscribe-stream', 'client-event-id': 'e' },
  'unsubscribe-stream': { op: 'unsubscribe-stream', 'subscribe-event-id': 'e' },
};

export const serverMinimal: { readonly [Op in ServerOp]: Extract<ServerMessage, { readonly op: Op }> } = {
  'sse-init': { op: 'sse-init', 'machine-id': id, 'session-id': id, 'sse-token': id },
  'init-ok': { op: 'init-ok', 'session-id': id },
  'app-status-changed': { op: 'app-status-changed', status: 'read-only' },
  error: { op: 'error' },
  'add-query-ok': { op: 'add-query-ok', q, result: [] },
  'add-query-exists': { op: 'add-query-exists', q },
  'remove-query-ok': { op: 'remove-query-ok', q },
  'refresh-ok': { op: 'refresh-ok', computations: [] },
  'transact-ok': { op: 'transact-ok', 'tx-id': 1 },
  'join-room-ok': { op: 'join-room-ok', 'room-id': 'r' },
  'join-room-error': { op: 'join-room-error', 'room-id': 'r' },
  'leave-room-ok': { op: 'leave-room-ok', 'room-id': 'r' },
  'set-presence-ok': { op: 'set-presence-ok', 'room-id': 'r' },
  'refresh-presence': { op: 'refresh-presence', 'room-id': 'r', data: {} },
  'patch-presence': { op: 'patch-presence', 'room-id': 'r', edits: [] },
  'client-broadcast-ok': { op: 'client-broadcast-ok', 'room-id': 'r', topic: 'emoji' },
  'server-broadcast': { op: 'server-broadcast', 'room-id': 'r', topic: 'emoji', data: { 'peer-id': id } },
  'start-sync-ok': { op: 'start-sync-ok', q, 'subscription-id': id, token: id },
  'sync-load-batch': { op: 'sync-load-batch', 'subscription-id': id, 'join-rows': [] },
  'sync-init-finish': { op: 'sync-init-finish', 'subscription-id': id, 'tx-id': 0 },
  'sync-update-triples': { op: 'sync-update-triples', 'subscription-id': id, txes: [] },
  'start-stream-ok': { op: 'start-stream-ok', 'client-id': 's', 'stream-id': id, offset: 0 },
  'stream-flushed': { op: 'stream-flushed', 'stream-id': id, offset: 0 },
  'append-failed': { op: 'append-failed', 'stream-id': id },
  'stream-append': { op: 'stream-append' },
};
