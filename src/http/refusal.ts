// The body of an answer that says no, whoever wrote it: the server, as JSON, or something in between, as text. What it means is told by
// its `type`; protocol/server-error.ts knows that.

import type { RefusalBody } from '../errors.ts';

/** What was said, in the one shape there is. What the server sent beside it is kept. */
export function readRefusal(text: string): RefusalBody {
  const said = parse(text);
  if (!isFields(said)) return text.trim() === '' ? {} : { message: text };
  return { ...said, type: textOr(said['type']), message: textOr(said['message']) ?? textOr(said['error']), 'trace-id': traceOf(said) };
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** OAuth's refusals say `error` where all others say `message`. */
function textOr(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function traceOf(said: Readonly<Record<string, unknown>>): string | undefined {
  return textOr(said['trace-id']) ?? textOr(said['traceId']);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
