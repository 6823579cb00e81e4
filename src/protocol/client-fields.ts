// The fields of every op a client can send: name, presence and type. A new op does not compile until it has a row here.

import type { ClientMessage, ClientOp } from './client-message.ts';
import { boolean, count, type Fields, integer, json, object, oneOf, optional, rows, shape, string, strings, uuid } from './field-checks.ts';
import type { ClientCapabilities } from './session-messages.ts';
import type { Step } from './transact-messages.ts';

type ClientFields = { readonly [Op in ClientOp]: Fields<Extract<ClientMessage, { readonly op: Op }>> };

const clientEnvelope = { 'client-event-id': optional(string) };
const inRoom = { ...clientEnvelope, 'room-id': string };

export const clientFields: ClientFields = {
  init: {
    ...clientEnvelope,
    'app-id': uuid,
    'refresh-token': optional(string),
    versions: optional(object),
    '__admin-token': optional(string),
    triplane: optional(shape<ClientCapabilities>({ deltas: optional(boolean) })),
  },
  'add-query': { ...clientEnvelope, q: object, 'return-type': optional(oneOf('join-rows', 'tree')) },
  'remove-query': { ...clientEnvelope, q: object },
  transact: { ...clientEnvelope, 'tx-steps': rows<Step>(), created: optional(json), order: optional(json) },
  'join-room': { ...inRoom, 'room-type': optional(json), data: optional(json) },
  'leave-room': inRoom,
  'set-presence': { ...inRoom, data: optional(json) },
  'client-broadcast': { ...inRoom, roomType: optional(json), topic: string, data: optional(json) },
  'start-sync': { ...clientEnvelope, q: object },
  'resync-table': { ...clientEnvelope, 'subscription-id': uuid, 'tx-id': integer, token: uuid },
  'remove-sync': { ...clientEnvelope, 'subscription-id': uuid, 'keep-subscription': optional(boolean) },
  'start-stream': { ...clientEnvelope, 'client-id': string, 'reconnect-token': uuid, 'rule-params': optional(object) },
  'append-stream': {
    ...clientEnvelope,
    'stream-id': uuid,
    chunks: strings,
    offset: count,
    done: optional(boolean),
    'abort-reason': optional(string),
  },
  'subscribe-stream': {
    'client-event-id': string,
    'stream-id': optional(uuid),
    'client-id': optional(string),
    offset: optional(count),
    'rule-params': optional(object),
  },
  'unsubscribe-stream': { ...clientEnvelope, 'subscribe-event-id': string },
};
