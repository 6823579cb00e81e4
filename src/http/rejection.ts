// Parses the body of an error response: JSON from the server, or text from an intermediary. protocol/server-error.ts interprets its `type`.

import type { RejectionBody } from '../errors.ts';
import { isObject } from '../lib/json.ts';

/** Normalizes an error body and keeps additional fields. `body` is the text parsed as JSON, undefined if that failed. */
export function readErrorBody(body: unknown, text: string): RejectionBody {
  if (!isObject(body)) return text.trim() === '' ? {} : { message: text };
  const { type, message, error } = body;
  // OAuth errors have `error` instead of `message`.
  return {
    ...body,
    type: textOr(type),
    message: textOr(message) ?? textOr(error),
    'trace-id': textOr(body['trace-id']) ?? textOr(body['traceId']),
  };
}

function textOr(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
