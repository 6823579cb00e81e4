// Webhooks and their events as the server sends them, turned into the spelling of the SDK. Fields that a server leaves out are null.

import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { WebhookAttempt, WebhookEventInfo, WebhookEventsPage, WebhookInfo } from './types.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The field of a response that holds what was asked for. @throws TriplaneError 'server-failed' without it */
export function fieldOf(response: unknown, name: string): Fields {
  const found = isObject(response) ? response[name] : undefined;
  if (isObject(found)) return found;
  throw new TriplaneError('server-failed', `The response of the server has no ${name}. Is apiURI its address?`);
}

export function listOf(response: unknown, name: string): readonly Fields[] {
  const found = isObject(response) ? response[name] : undefined;
  return Array.isArray(found) ? found.filter(isObject) : [];
}

export function readWebhook(raw: Fields): WebhookInfo {
  return {
    id: raw['id'] as WebhookInfo['id'],
    sink: raw['sink'] as WebhookInfo['sink'],
    namespaces: (raw['namespaces'] ?? []) as WebhookInfo['namespaces'],
    actions: raw['actions'] as WebhookInfo['actions'],
    status: raw['status'] as WebhookInfo['status'],
    disabledReason: orNull<string>(raw['disabled_reason']),
    createdAt: new Date(raw['created_at'] as string),
    updatedAt: new Date(raw['updated_at'] as string),
  };
}

export function readEvent(raw: Fields): WebhookEventInfo {
  const { attempts } = raw;
  return {
    isn: raw['isn'] as WebhookEventInfo['isn'],
    status: raw['status'] as WebhookEventInfo['status'],
    attempts: Array.isArray(attempts) ? attempts.filter(isObject).map(readAttempt) : null,
    nextAttemptAfter: dateOrNull(raw['next_attempt_after']),
    createdAt: new Date(raw['created_at'] as string),
    updatedAt: new Date(raw['updated_at'] as string),
  };
}

export function readEventsPage(response: unknown): WebhookEventsPage {
  const page = isObject(response) && isObject(response['pageInfo']) ? response['pageInfo'] : {};
  const endCursor = orNull<string>(page['endCursor']);
  return {
    events: listOf(response, 'events').map(readEvent),
    pageInfo: { startCursor: orNull(page['startCursor']), endCursor, hasNextPage: Boolean(page['hasNextPage']) },
    cursor: endCursor,
  };
}

function readAttempt(raw: Fields): WebhookAttempt {
  return {
    attemptAt: dateOrNull(raw['attempt-at']),
    durationMs: orNull(raw['duration-ms']),
    success: orNull(raw['success?']),
    statusCode: orNull(raw['status-code']),
    responseText: orNull(raw['response-text']),
    errorType: orNull(raw['error-type']),
    errorMessage: orNull(raw['error-message']),
  };
}

function orNull<T>(value: unknown): T | null {
  return (value ?? null) as T | null;
}

function dateOrNull(value: unknown): Date | null {
  return typeof value === 'string' || typeof value === 'number' ? new Date(value) : null;
}
