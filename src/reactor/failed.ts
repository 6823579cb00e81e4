// Whose error it is, and what follows from it. 400 means: not applied. 500, and what we do not know, mean that nobody can
// say: a write is then kept and sent again under its own id. PROTOCOL.md#error

import { spreadMs } from '../connection/backoff.ts';
import { InstantAPIError } from '../errors.ts';
import { isObject } from '../protocol/check.ts';
import { type ErrorMessage, meaningOf } from '../protocol/server-error.ts';
import { isNameTaken } from '../transact/rebase.ts';
import { beforeThisSession, confirmed, inKnownTerms } from './confirmed.ts';
import type { Effect } from './effect.ts';
import { footprintOf } from './footprint.ts';
import type { Moment, OpenOrgans } from './organs.ts';
import { isReceiptTaken } from './receipt.ts';
import { refused } from './refused.ts';
import type { Write } from './write.ts';

export function failed(organs: OpenOrgans, message: ErrorMessage, moment: Moment): readonly Effect[] {
  const { session, outbox, queries, extras } = organs;
  const eventId = message['client-event-id'] ?? '';
  const original = message['original-event'];
  const op = original?.['op'];
  if (op === 'init' || session.isInit(eventId)) return initFailed(organs, message);
  const write = outbox.get(eventId);
  if (write) return writeFailed(organs, write, message, moment);
  // One failing query may have taken the whole refresh with it: what the server knows of our queries is not certain any more.
  if (op === 'refresh') return [...queries.list()].flatMap((live) => queries.askAgain(live, moment.random.eventId()));
  const live = queries.byEvent(eventId);
  const error = errorOf(message);
  const retryAtMs = (failures: number): number | undefined =>
    meaningOf(message).isPassing ? retryAt(message, failures, moment) : undefined;
  if (live) return queries.failed(live, error, retryAtMs(live.failures));
  return extras.failed({ message, error, nowMs: moment.nowMs, owner: session.owner, retryAtMs }) ?? [{ do: 'report', error }];
}

function initFailed({ session, queries }: OpenOrgans, message: ErrorMessage): Effect[] {
  const { type, hint } = message;
  const isUserGone = type === 'record-not-found' && isObject(hint) && hint['record-type'] === 'app-user';
  // With nobody signed in there is nobody to sign out: a server that says so all the same must not be asked again at once.
  if (isUserGone && session.user) return [{ do: 'expire' }];
  if (meaningOf(message).outcome === 'unknown') return [{ do: 'refuse', error: errorOf(message) }];
  const { error, isNews } = session.refused(errorOf(message));
  return [{ do: 'refuse', error }, ...queries.allFailed(error), ...(isNews ? [{ do: 'report', error } as const] : [])];
}

function writeFailed(organs: OpenOrgans, write: Write, message: ErrorMessage, moment: Moment): Effect[] {
  const { outbox, queries, session } = organs;
  const { eventId, steps, sends } = write;
  const { outcome, isPassing } = meaningOf(message);
  if (outcome === 'unknown' || isPassing) {
    outbox.postpone(eventId, retryAt(message, sends, moment));
    return [];
  }
  const { type, hint } = message;
  if (isReceiptTaken({ type, hint })) return confirmed(organs, eventId, beforeThisSession, moment.nowMs);
  if (isNameTaken({ type, hint }, steps) && sends < 10) {
    return [...queries.rewrite(outbox.nameTaken(eventId, inKnownTerms(organs))), { do: 'flush' }];
  }
  const error = errorOf(message);
  const mayBeOurs = sends > 1 && !session.promises['remembers-events'] && footprintOf(steps).creates.size > 0;
  if (mayBeOurs && (type === 'validation-failed' || type === 'record-not-unique')) return [{ do: 'verify', write, error }];
  return refused(organs, write, error, moment.nowMs);
}

/** Exponential, with the server's own word before ours. */
function retryAt({ hint }: ErrorMessage, failures: number, { nowMs, random }: Moment): number {
  const told = isObject(hint) && typeof hint['retry-after'] === 'number' ? hint['retry-after'] * 1000 : 0;
  return nowMs + Math.max(told, spreadMs(Math.min(30_000, 500 * 2 ** failures), random.next()));
}

function errorOf({ status, type, message, hint, 'trace-id': traceId }: ErrorMessage): InstantAPIError {
  return new InstantAPIError({
    status: status ?? 500,
    body: { type, message: message ?? 'The server failed', hint, 'trace-id': traceId },
  });
}
