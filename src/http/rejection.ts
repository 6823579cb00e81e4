// The body of an answer that says no, whoever wrote it: the server, as JSON, or something in between, as text. What it means is told by
// its `type`; protocol/server-error.ts knows that.

import type { RejectionBody } from '../errors.ts';
import { isObject } from '../lib/json.ts';

/** What was said, in the one shape there is. What the server sent beside it is kept. `said`: the text as JSON, undefined if it is none. */
export function readErrorBody(body: unknown, text: string): RejectionBody {
  if (!isObject(body)) return text.trim() === '' ? {} : { message: text };
  const { type, message, error } = body;
  // OAuth's refusals say `error` where all others say `message`.
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
