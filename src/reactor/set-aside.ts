// What follows when a request must not be sent, or not sent again: its caller receives the error, and nothing waits for it any longer.

import { InstantAPIError, type TriplaneError } from '../errors.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { Effect } from './effect.ts';
import { reject } from './mutations/reject.ts';
import type { Env, SyncState } from './state.ts';

export function setAside(state: SyncState, message: ClientMessage, error: TriplaneError, { nowMs, dateMs }: Env): readonly Effect[] {
  const { outbox, queries, features, session } = state;
  const eventId = message['client-event-id'] ?? '';
  if (message.op === 'transact') {
    const write = outbox.get(eventId);
    return write && write.state !== 'acknowledged' ? reject(state, write, asRejection(error), dateMs) : [];
  }
  const live = message.op === 'add-query' ? queries.byEvent(eventId) : undefined;
  if (live) return queries.onError(live, error, undefined);
  // A room can be joined without the presence that was refused.
  const original = message.op === 'join-room' && message.data !== undefined ? { ...message, op: 'set-presence' } : { ...message };
  const response = { op: 'error', status: 400, message: error.message, 'client-event-id': eventId, 'original-event': original } as const;
  const effects = features.onError({
    message: response,
    error: asRejection(error),
    nowMs,
    owner: session.owner,
    retryAtMs: () => undefined,
  });
  return effects ?? [{ do: 'report', error }];
}

/** As a rejected write keeps its reason. */
function asRejection(error: TriplaneError): InstantAPIError {
  if (error instanceof InstantAPIError) return error;
  return new InstantAPIError({ status: 400, body: { type: 'validation-failed', message: error.message, hint: error.hint } });
}
