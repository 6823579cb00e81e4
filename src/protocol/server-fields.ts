// The fields of every op a server may say: which there are, which must be there, and of what kind. A new op does not
// compile until it has its row. Answers and triples are only looked at from outside here: query-answer.ts reads them.

import { isWireAttr } from './attr.ts';
import { boolean, count, each, type Fields, integer, json, object, oneOf, optional, rows, shape, string, test, values } from './check.ts';
import type { Edit } from './presence-edits.ts';
import { isAnswer } from './query-answer.ts';
import type { AnswerDelta, Computation, Removed } from './query-messages.ts';
import type { Broadcast, Peer } from './room-messages.ts';
import type { ServerMessage, ServerOp } from './server-message.ts';
import type { Promises, WireAppStatus, WireAuth } from './session-messages.ts';
import type { StreamFile } from './stream-messages.ts';
import type { SyncChange, SyncTx } from './sync-table-messages.ts';
import { isTriple, type Triple } from './triple.ts';

type ServerFields = { readonly [Op in ServerOp]: Fields<Extract<ServerMessage, { readonly op: Op }>> };

const traced = { 'trace-id': optional(string) };
const echo = { ...traced, 'client-event-id': optional(string) };
const ackInRoom = { ...echo, 'room-id': string };
const processed = { 'processed-tx-id': optional(integer), 'processed-isn': optional(string) };

const named = shape<{ readonly id: string }>({ id: string });
const status = oneOf('active', 'read-only', 'disabled');
const attrs = each(test('attr', isWireAttr));
const answer = test('answer', isAnswer);
const user = optional(named);
const broadcast = shape<Broadcast>({ 'peer-id': string, user, data: optional(json) });
const peer = shape<Peer>({ 'peer-id': optional(string), 'instance-id': optional(string), user, data: optional(json) });
const change = shape<SyncChange>({ action: oneOf('added', 'removed'), triple: test('triple', isTriple) });
const file = shape<StreamFile>({ id: string, size: count, url: string });

const delta = shape<AnswerDelta>({
  'instaql-query': object,
  'base-tx-id': integer,
  removed: rows<Removed>(),
  added: rows<Triple>(),
  'page-info': optional(object),
  aggregate: optional(object),
});

export const serverFields: ServerFields = {
  'sse-init': { ...traced, 'machine-id': string, 'session-id': string, 'sse-token': string },
  'init-ok': {
    ...echo,
    'session-id': string,
    auth: optional(shape<WireAuth>({ app: optional(named), user: optional(named), 'admin?': optional(boolean) })),
    attrs: optional(attrs),
    'app-status': optional(shape<WireAppStatus>({ status: optional(status) })),
    triplane: optional(
      shape<Promises>({ 'refresh-covers-all': optional(boolean), 'remembers-events': optional(boolean), deltas: optional(boolean) }),
    ),
  },
  'app-status-changed': { ...traced, status },
  error: {
    ...echo,
    status: optional(integer),
    type: optional(string),
    message: optional(string),
    hint: optional(json),
    'original-event': optional(object),
  },
  'add-query-ok': { ...echo, ...processed, q: object, result: answer, 'result-meta': optional(json) },
  'add-query-exists': { ...echo, q: object },
  'remove-query-ok': { ...echo, q: object },
  'refresh-ok': {
    ...traced,
    ...processed,
    computations: each(shape<Computation>({ 'instaql-query': object, 'instaql-result': answer, 'result-meta': optional(json) })),
    attrs: optional(attrs),
    deltas: optional(each(delta)),
  },
  'transact-ok': { ...echo, 'tx-id': integer, isn: optional(string) },
  'join-room-ok': ackInRoom,
  'join-room-error': { ...ackInRoom, error: optional(json) },
  'leave-room-ok': ackInRoom,
  'set-presence-ok': ackInRoom,
  'refresh-presence': { ...traced, 'room-id': string, data: values(peer) },
  'patch-presence': { ...traced, 'room-id': string, edits: rows<Edit>() },
  'client-broadcast-ok': { ...ackInRoom, topic: string, data: optional(broadcast) },
  'server-broadcast': { ...traced, 'room-id': string, topic: string, data: broadcast },
  'start-sync-ok': { ...echo, q: object, 'subscription-id': string, token: string },
  'sync-load-batch': { ...traced, 'subscription-id': string, 'join-rows': rows<readonly Triple[]>() },
  'sync-init-finish': { ...traced, 'subscription-id': string, 'tx-id': integer },
  'sync-update-triples': {
    ...traced,
    'subscription-id': string,
    txes: each(shape<SyncTx>({ 'tx-id': integer, changes: each(change) })),
  },
  'start-stream-ok': { ...echo, 'client-id': string, 'stream-id': string, offset: count },
  'stream-flushed': { ...traced, 'stream-id': string, offset: count, done: optional(boolean) },
  'append-failed': { ...traced, 'stream-id': string },
  'stream-append': {
    ...echo,
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
