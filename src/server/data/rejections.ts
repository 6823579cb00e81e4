// Which rejections of a write are final and how they are remembered: a write that was rejected once stays rejected when and wherever it
// arrives again, because its sender may have acted on the rejection.

import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { meaningOf } from '../../protocol/server-error.ts';
import type { Event, RememberedRejection } from '../storage/storage.ts';

/** A hint that repeats large input is not stored. */
const maxHintLength = 2000;

/** Undefined for a temporary error: the client sends the same write again. */
export function finalRejection({ status, body }: InstantAPIError): RememberedRejection | undefined {
  const { type = null, message = null } = body;
  const { outcome, isTransient } = meaningOf({ status, type });
  if (outcome !== 'not-applied' || isTransient || isNameClash(type, body.hint)) return undefined;
  return { status, type, message: message?.slice(0, maxHintLength) ?? null, hint: shortHint(body.hint) };
}

/**
 * Another client created the attribute first: the sender rewrites its steps with the existing attribute and sends the write again under the
 * same id.
 */
function isNameClash(type: string | null, hint: unknown): boolean {
  return type === 'record-not-unique' && isObject(hint) && hint['record-type'] === 'ident';
}

function shortHint(hint: unknown): unknown {
  const text = JSON.stringify(hint ?? null);
  if (text.length <= maxHintLength) return JSON.parse(text);
  const { input: _, ...rest } = Object(hint) as Readonly<Record<string, unknown>>;
  return JSON.stringify(rest).length <= maxHintLength ? rest : null;
}

export function errorOf({ status, type, message, hint }: RememberedRejection): InstantAPIError {
  return new InstantAPIError({ status, body: { type, hint, ...(message !== null && { message }) } });
}

const sessionPrefix = 'session ';

/** Short ids may be counters that other clients use too: they are valid within one session only. */
export function sessionScope(sessionId: string): string {
  return `${sessionPrefix}${sessionId}`;
}

/** Whether the same write can arrive again. A session sends each write once and receives its results in order. */
export function canComeAgain({ by }: Event): boolean {
  return !by.startsWith(sessionPrefix);
}
