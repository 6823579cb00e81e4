// The fields of every op a server can send: name, presence and type. A new op does not compile until it has a row here. Results and triples
// are checked only superficially; query-result.ts reads them.

import { isObject } from '../lib/json.ts';
import { isWireAttr } from './attr.ts';
import {
  boolean,
  type Check,
  count,
  each,
  type Fields,
  integer,
  json,
  object,
  oneOf,
  optional,
  rows,
  shape,
  string,
  test,
  within,
} from './field-checks.ts';
import type { PresencePatch } from './presence-edits.ts';
import type { Computation, Removed, ResultDelta } from './query-messages.ts';
import { isWireResult } from './query-result.ts';
import type { Broadcast, Peer } from './room-messages.ts';
import type { ServerMessage, ServerOp } from './server-message.ts';
import type { ServerCapabilities, ServerLimits, WireAppStatus, WireAuth } from './session-messages.ts';
import type { StreamFile } from './stream-messages.ts';
import type { SyncChange, SyncTx } from './sync-table-messages.ts';
import { isTriple, type Triple } from './triple.ts';

export type RoomOp =
  | 'join-room-ok'
  | 'join-room-error'
  | 'leave-room-ok'
  | 'set-presence-ok'
  | 'refresh-presence'
  | 'patch-presence'
  | 'client-broadcast-ok'
  | 'server-broadcast';
export type TableOp = 'start-sync-ok' | 'sync-load-batch' | 'sync-init-finish' | 'sync-update-triples';
export type StreamOp = 'start-stream-ok' | 'stream-flushed' | 'append-failed' | 'stream-append';
/** Ops outside rooms, streams, sync tables and event streams. */
export type CoreOp = Exclude<ServerOp, 'sse-init' | RoomOp | TableOp | StreamOp>;

export type FieldsOf<Ops extends ServerOp> = { readonly [Op in Ops]: Fields<Extract<ServerMessage, { readonly op: Op }>> };

export const serverEnvelope = { 'trace-id': optional(string) };
export const replyEnvelope = { ...serverEnvelope, 'client-event-id': optional(string) };
const processedPosition = { 'processed-tx-id': optional(integer), 'processed-isn': optional(string) };

export const withId = shape<{ readonly id: string }>({ id: string });
const status = oneOf('active', 'read-only', 'disabled');
const attrs = each(test('attr', isWireAttr));
const result = test('result', isWireResult);

const delta = shape<ResultDelta>({
  'instaql-query': object,
  'base-tx-id': integer,
  removed: rows<Removed>(),
  added: rows<Triple>(),
  'page-info': optional(object),
  aggregate: optional(object),
});

/** New limits may be added at any time. */
const limits = test('limits', (value): value is ServerLimits =>
  isObject(value) && Object.values(value).every((limit) => limit === null || Number.isSafeInteger(limit)));

export const coreFields: FieldsOf<CoreOp> = {
  'init-ok': {
    ...replyEnvelope,
    'session-id': string,
    auth: optional(shape<WireAuth>({ app: optional(withId), user: optional(withId), 'admin?': optional(boolean) })),
    attrs: optional(attrs),
    'app-status': optional(shape<WireAppStatus>({ status: optional(status) })),
    triplane: optional(
      shape<ServerCapabilities>({
        'refresh-covers-all': optional(boolean),
        'deduplicates-transactions': optional(boolean),
        deltas: optional(boolean),
        limits: optional(limits),
      }),
    ),
  },
  'app-status-changed': { ...serverEnvelope, status },
  error: {
    ...replyEnvelope,
    status: optional(integer),
    type: optional(string),
    message: optional(string),
    hint: optional(json),
    'original-event': optional(object),
  },
  'add-query-ok': { ...replyEnvelope, ...processedPosition, q: object, result: result, 'result-meta': optional(json) },
  'add-query-exists': { ...replyEnvelope, q: object },
  'remove-query-ok': { ...replyEnvelope, q: object },
  'refresh-ok': {
    ...serverEnvelope,
    ...processedPosition,
    computations: each(
      shape<Computation>({
        'instaql-query': object,
        'instaql-result': result,
        'result-meta': optional(json),
        'result-changed?': optional(boolean),
      }),
    ),
    attrs: optional(attrs),
    deltas: optional(each(delta)),
  },
  'transact-ok': { ...replyEnvelope, 'tx-id': integer, isn: optional(string) },
};

const user = optional(withId);
const broadcast = shape<Broadcast>({ 'peer-id': string, user, data: optional(json) });
const peer = shape<Peer>({ 'peer-id': optional(string), 'instance-id': optional(string), user, data: optional(json) });
const ackInRoom = { ...replyEnvelope, 'room-id': string };

export const roomFields: FieldsOf<RoomOp> = {
  'join-room-ok': ackInRoom,
  'join-room-error': { ...ackInRoom, error: optional(json) },
  'leave-room-ok': ackInRoom,
  'set-presence-ok': ackInRoom,
  'refresh-presence': { ...serverEnvelope, 'room-id': string, data: values(peer) },
  'patch-presence': { ...serverEnvelope, 'room-id': string, edits: rows<PresencePatch>() },
  'client-broadcast-ok': { ...ackInRoom, topic: json, data: optional(broadcast) },
  'server-broadcast': { ...serverEnvelope, 'room-id': string, topic: json, data: broadcast },
};

/** An object with arbitrary keys whose values all pass the same check. */
function values<T>(part: Check<T>): Check<Readonly<Record<string, T>>> {
  return {
    kind: 'object',
    isOptional: false,
    part,
    find(value) {
      if (!isObject(value)) return object.find(value);
      for (const [key, each] of Object.entries(value)) {
        const fault = part.find(each);
        if (fault) return within(key, fault);
      }
      return undefined;
    },
  };
}

const file = shape<StreamFile>({ id: string, size: count, url: string });

export const streamFields: FieldsOf<StreamOp> = {
  'start-stream-ok': { ...replyEnvelope, 'client-id': string, 'stream-id': string, offset: count },
  'stream-flushed': { ...serverEnvelope, 'stream-id': string, offset: count, done: optional(boolean) },
  'append-failed': { ...serverEnvelope, 'stream-id': string },
  'stream-append': {
    ...replyEnvelope,
    'stream-id': optional(string),
    'client-id': optional(string),
    offset: optional(count),
    files: optional(each(file)),
    content: optional(string),
    done: optional(boolean),
    'abort-reason': optional(string),
    error: optional(json),
    'error-type': optional(string),
    retry: optional(boolean),
  },
};

const change = shape<SyncChange>({ action: oneOf('added', 'removed'), triple: test('triple', isTriple) });

export const tableFields: FieldsOf<TableOp> = {
  'start-sync-ok': { ...replyEnvelope, q: object, 'subscription-id': string, token: string },
  'sync-load-batch': { ...serverEnvelope, 'subscription-id': string, 'join-rows': rows<readonly Triple[]>() },
  'sync-init-finish': { ...serverEnvelope, 'subscription-id': string, 'tx-id': integer },
  'sync-update-triples': {
    ...serverEnvelope,
    'subscription-id': string,
    txes: each(shape<SyncTx>({ 'tx-id': integer, changes: each(change) })),
  },
};

export const sseFields: FieldsOf<'sse-init'> = {
  'sse-init': { ...serverEnvelope, 'machine-id': string, 'session-id': string, 'sse-token': string },
};

export const serverFields: FieldsOf<ServerOp> = { ...sseFields, ...coreFields, ...roomFields, ...tableFields, ...streamFields };
