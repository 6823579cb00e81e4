// The fields of the ops a server may say to everybody: which there are, which must be there, and of what kind. What is told of rooms,
// streams and tables, or on an event stream, has its rows in files of their own; server-fields.ts has them all. Answers and triples are
// only looked at from outside here: query-answer.ts reads them.

import { isWireAttr } from './attr.ts';
import { boolean, each, type Fields, integer, json, object, oneOf, optional, rows, shape, string, test } from './field-checks.ts';
import { isAnswer } from './is-answer.ts';
import type { AnswerDelta, Computation, Removed } from './query-messages.ts';
import type { ServerMessage, ServerOp } from './server-message.ts';
import type { Promises, WireAppStatus, WireAuth } from './session-messages.ts';
import type { Triple } from './triple.ts';

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
/** What everybody may be told. */
export type CoreOp = Exclude<ServerOp, 'sse-init' | RoomOp | TableOp | StreamOp>;

export type FieldsOf<Ops extends ServerOp> = { readonly [Op in Ops]: Fields<Extract<ServerMessage, { readonly op: Op }>> };

export const traced = { 'trace-id': optional(string) };
export const echo = { ...traced, 'client-event-id': optional(string) };
const processed = { 'processed-tx-id': optional(integer), 'processed-isn': optional(string) };

export const named = shape<{ readonly id: string }>({ id: string });
const status = oneOf('active', 'read-only', 'disabled');
const attrs = each(test('attr', isWireAttr));
const answer = test('answer', isAnswer);

const delta = shape<AnswerDelta>({
  'instaql-query': object,
  'base-tx-id': integer,
  removed: rows<Removed>(),
  added: rows<Triple>(),
  'page-info': optional(object),
  aggregate: optional(object),
});

export const coreFields: FieldsOf<CoreOp> = {
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
};
