// Assigns an `error` message to the request it belongs to. Status 400 means that a write was not applied. With status 500 or an unknown type the
// outcome is unknown: the write is kept and sent again under its own id. PROTOCOL.md#error

import { InstantAPIError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import { backoffMs, rejectedBackoff } from '../lib/retry.ts';
import { type ErrorMessage, meaningOf } from '../protocol/server-error.ts';
import { isNameTaken, isOfOtherSteps } from '../transact/rebase.ts';
import { beforeThisSession, acknowledge, stepRebaser } from './mutations/acknowledge.ts';
import type { Effect } from './effect.ts';
import { writeSetOf } from './mutations/write-set.ts';
import type { Env, SyncState } from './state.ts';
import type { ReceiptVerdict } from './mutations/receipts.ts';
import { reject } from './mutations/reject.ts';
import type { Mutation } from './mutations/mutation.ts';

interface Claim {
  readonly eventId: string;
  readonly error: InstantAPIError;
}

export function receiveError(state: SyncState, message: ErrorMessage, env: Env): readonly Effect[] {
  const { session, outbox, queries, features, receipts } = state;
  const eventId = message['client-event-id'] ?? '';
  const original = message['original-event'];
  const op = original?.['op'];
  if (session.isEndedBy(message)) return initFailed(state, message);
  const claim = receipts.claimOf(eventId);
  if (claim) return claimFailed(state, claim, message, env);
  const write = outbox.get(eventId);
  if (write) return writeFailed(state, write, message, env);
  // One failing query may have affected the whole refresh, so the server's subscriptions are uncertain.
  if (op === 'refresh') return [...queries.list()].flatMap((live) => queries.refetch(live, env.random));
  const live = queries.byEvent(eventId);
  const error = errorOf(message);
  const retryAtMs = (failures: number): number | undefined =>
    meaningOf(message).isTransient ? retryAt(message, failures, env) : undefined;
  // Queries of a disabled app are asked anew when it is enabled again: until then their listeners have the error.
  if (live) return queries.onError(live, error, message.type === 'app-disabled' ? undefined : retryAtMs(live.failures));
  return features.onError({ message, error, nowMs: env.nowMs, owner: session.owner, retryAtMs }) ?? [{ do: 'report', error }];
}

function initFailed({ session, queries }: SyncState, message: ErrorMessage): Effect[] {
  const { type, hint } = message;
  const isUserGone = type === 'record-not-found' && isObject(hint) && hint['record-type'] === 'app-user';
  // Without a user there is no one to sign out; the client must not retry such a rejection at once.
  if (isUserGone && session.user) return [{ do: 'expire' }];
  if (meaningOf(message).outcome === 'unknown') return [{ do: 'refuse', error: errorOf(message) }];
  const { error, isNew } = session.onRejected(errorOf(message));
  return [{ do: 'refuse', error }, ...queries.failAll(error), ...(isNew ? [{ do: 'report', error } as const] : [])];
}

function writeFailed(state: SyncState, write: Mutation, message: ErrorMessage, env: Env): Effect[] {
  const { outbox, queries, session, receipts, catalog } = state;
  const { eventId, steps, sends, isAdopted } = write;
  const { outcome, isTransient: isPassing } = meaningOf(message);
  const { type, hint } = message;
  const isGivenUp = outcome === 'unknown' && outbox.retries.countFailure(eventId);
  if ((outcome === 'unknown' || isPassing) && !isGivenUp) {
    outbox.postpone(eventId, retryAt(message, sends, env), outcome !== 'unknown' && !isOfRule(message));
    // Others may overtake it.
    return [{ do: 'flush' }];
  }
  const verdict = receipts.read(eventId, { type, hint }, write.steps);
  if (verdict) return receiptRefused(state, write, verdict, env);
  if (isNameTaken({ type, hint }, outbox.sentSteps(write)) && sends < 10) {
    return [...queries.rewrite(outbox.onNameTaken(eventId, stepRebaser(state), env.nowMs)), { do: 'flush' }];
  }
  if (sends > 1 && isOfOtherSteps({ type, hint }, outbox.sentSteps(write))) return [];
  const error = errorOf(message);
  const wasThere = writeSetOf(steps).creates.size > 0 && (isGivenUp || type === 'validation-failed' || type === 'record-not-unique');
  // The official client leaves no receipts, and this server may not know what was sent to the one before it.
  if (wasThere && isAdopted) return [{ do: 'verify', write, error }];
  const claim = sends > 1 ? receipts.claim(eventId, error, catalog.known) : undefined;
  if (claim) return [{ do: 'store', edits: outbox.markClaimed(eventId, error) }, { do: 'send', message: claim }]; // prettier-ignore
  if (wasThere && sends > 1 && !session.capabilities['deduplicates-transactions']) return [{ do: 'verify', write, error }];
  return reject(state, write, error, env.dateMs);
}

/** The refusal is for what the receipt adds to the write: the write itself was not looked at, or was applied before. */
function receiptRefused(state: SyncState, { eventId, steps }: Mutation, verdict: ReceiptVerdict, env: Env): Effect[] {
  const { outbox, receipts } = state;
  if (verdict === 'applied') return acknowledge(state, eventId, beforeThisSession, env);
  outbox.postpone(eventId, env.nowMs, false);
  receipts.forgetAttrs();
  // A new session brings the attrs as the server has them.
  if (verdict === 'unknown-attrs') return [{ do: 'restart' }];
  return [...(receipts.forbid(eventId, steps) ? [{ do: 'unprotected' } as const] : []), { do: 'flush' }];
}

/** The receipt is there: an earlier sending was applied. Anything else that is certain means that it was not. */
function claimFailed(state: SyncState, { eventId, error }: Claim, message: ErrorMessage, env: Env): readonly Effect[] {
  const { outbox, receipts } = state;
  const write = outbox.get(eventId);
  if (!write) return [];
  if (receipts.read(eventId, { type: message.type, hint: message.hint }, []) === 'applied') {
    return acknowledge(state, eventId, beforeThisSession, env);
  }
  const { outcome, isTransient } = meaningOf(message);
  if (outcome !== 'unknown' && !isTransient) return reject(state, write, error, env.dateMs);
  outbox.postpone(eventId, retryAt(message, write.sends, env), outcome !== 'unknown' && !isOfRule(message));
  return [{ do: 'flush' }];
}

/** The limit that a rule sets is that of its key: writes that do not depend on this one may be allowed. */
function isOfRule({ hint }: ErrorMessage): boolean {
  return isObject(hint) && 'remaining-tokens' in hint;
}

function retryAt({ hint }: ErrorMessage, failures: number, { nowMs, random }: Env): number {
  const retryAfterMs = isObject(hint) && typeof hint['retry-after'] === 'number' ? hint['retry-after'] * 1000 : 0;
  return nowMs + backoffMs(rejectedBackoff, failures, random.next(), retryAfterMs);
}

export function errorOf({ status, type, message, hint, 'trace-id': traceId }: ErrorMessage): InstantAPIError {
  return new InstantAPIError({
    status: status ?? 500,
    body: { type, message: message ?? 'The server failed', hint, 'trace-id': traceId },
  });
}
