// State transitions of a webhook event. Pure: nothing is sent or stored here.

import type { Attempt, Webhook, WebhookEvent } from './webhook.ts';

const [secondMs, minuteMs, hourMs] = [1000, 60_000, 3_600_000];
/** Delays after the first failure, the second and so on; after the last one the event has failed. */
const waits = [
  1 * minuteMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  12 * hourMs,
  12 * hourMs,
  12 * hourMs,
  12 * hourMs,
];
/** A sender that has not reported for this long counts as dead. */
const claimMs = 60 * secondMs;
/** Status 410: the receiver no longer wants events. */
const gone = 410;

export const isDue = ({ nextAt }: WebhookEvent, now: number): boolean => nextAt !== null && nextAt <= now;

export function claimed(event: WebhookEvent, at: number): WebhookEvent {
  return { ...event, status: 'processing', nextAt: at + claimMs, updatedAt: at };
}

/** Resends an event in any state. Undefined while it is being sent. */
export function resent(event: WebhookEvent, at: number): WebhookEvent | undefined {
  const isBeingSent = event.status === 'processing' && (event.nextAt ?? 0) > at;
  return isBeingSent ? undefined : { ...event, status: 'pending', nextAt: at, updatedAt: at };
}

export interface Attempted {
  readonly event: WebhookEvent;
  /** The current webhook. */
  readonly webhook: Webhook;
}

export function attempted(event: WebhookEvent, webhook: Webhook, attempt: Attempt, at: number): Attempted {
  const attempts = [...(event.attempts ?? []), attempt];
  const after = (status: WebhookEvent['status'], nextAt: number | null): WebhookEvent => ({
    ...event,
    ...{ attempts, status, nextAt, updatedAt: at },
  });
  if (attempt['success?']) return { event: after('success', null), webhook };
  if (attempt['status-code'] === gone) {
    const reason = 'The receiver answered 410 Gone';
    return { event: after('failed', null), webhook: { ...webhook, status: 'disabled', reason, updatedAt: at } };
  }
  const wait = waits[attempts.length - 1];
  return { event: wait === undefined || webhook.status === 'disabled' ? after('failed', null) : after('error', at + wait), webhook };
}

export function notSent(at: number): Attempt {
  return {
    ...{ 'attempt-at': new Date(at).toISOString(), 'duration-ms': 0, 'success?': false },
    ...{ 'status-code': null, 'response-text': null, 'error-type': 'disabled', 'error-message': 'The webhook is disabled' },
  };
}
