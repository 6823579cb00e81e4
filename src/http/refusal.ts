// The body of an answer that says no, whoever wrote it: the server, as JSON, or something in between, as text. What it means is told by
// its `type`; protocol/server-error.ts knows that.

import type { RefusalBody } from '../errors.ts';
import { isObject } from '../protocol/check.ts';

/** What was said, in the one shape there is. What the server sent beside it is kept. `said`: the text as JSON, undefined if it is none. */
export function readRefusal(said: unknown, text: string): RefusalBody {
  if (!isObject(said)) return text.trim() === '' ? {} : { message: text };
  const { type, message, error } = said;
  // OAuth's refusals say `error` where all others say `message`.
  return {
    ...said,
    type: textOr(type),
    message: textOr(message) ?? textOr(error),
    'trace-id': textOr(said['trace-id']) ?? textOr(said['traceId']),
  };
}

function textOr(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
