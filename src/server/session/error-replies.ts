// The messages by which a client learns that a message of its own was rejected.

import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';
import { paramError, type ParamError, unknownOpError } from '../../protocol/frame-errors.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import { failure } from '../errors.ts';
import { repeatable } from '../repeatable.ts';
import { aboutOf, eventIdOf, isSecret } from './message-head.ts';

type Fault = Parameters<typeof paramError>[0];

/** A room that cannot be joined has a message of its own, besides. */
export function errorReplies(
  message: ClientMessage | Readonly<Record<string, unknown>>,
  error: unknown,
  sessionId: string,
): readonly ServerMessage[] {
  const { status, body } = error instanceof InstantAPIError ? error : failure(error);
  const { type = null, message: text = null, hint = null } = body;
  const reply: ServerMessage = { op: 'error', status, type, message: text, hint, ...aboutOf(message, sessionId) };
  if (message.op !== 'join-room' || typeof message['room-id'] !== 'string') return [reply];
  return [reply, { op: 'join-room-error', 'client-event-id': eventIdOf(message), 'room-id': message['room-id'], error: text }];
}

export function unknownOpReply(message: { readonly op: string | null }, sessionId: string): ServerMessage {
  return { op: 'error', ...unknownOpError(message.op), ...aboutOf(message, sessionId) };
}

/** `limit` is the limit that the frame exceeds, if it is that. */
export function malformedReply(fault: Fault, received: unknown, limit: object, sessionId: string): ServerMessage {
  // What has no op, or another kind of one, has the op null.
  if (fault.path[0] === 'op' && isObject(received)) return unknownOpReply({ ...received, op: null }, sessionId);
  const details = rejectionOf(fault, received);
  return { op: 'error', ...details, hint: { ...(details.hint as object), ...limit }, ...aboutOf(received, sessionId) };
}

function rejectionOf(fault: Fault, received: unknown): ParamError {
  const details = paramError(fault);
  const [field] = fault.path;
  if (typeof field !== 'string' || !isObject(received) || fault.problem === 'missing' || isSecret(field)) return details;
  const given = received.op === 'init' ? repeatable(received[field]) : received[field];
  return given === undefined ? details : { ...details, hint: { ...(details.hint as object), 'original-input': given } };
}
