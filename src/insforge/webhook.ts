// Messages that InsForge posts to a webhook. They are not signed: a secret URL is the only authentication.

import { InvalidArgumentError } from '../rooms/room-error.ts';
import { isPlain } from '../rooms/payload.ts';
import { type HeadersLike, readHeader } from '../rooms/headers.ts';

export interface InsforgeWebhook {
  readonly event: string;
  readonly channel: string;
  readonly messageId: string;
  readonly payload: unknown;
}

/**
 * Parses a webhook request. `body` is JSON text, or the value parsed from it.
 *
 * @throws InvalidArgumentError if a header is missing or the body is not JSON
 * @example
 * app.post('/hooks/very-secret', (request, response) => {
 *   const { event, channel, payload } = parseInsforgeWebhook(request.headers, request.body);
 * });
 */
export function parseInsforgeWebhook(headers: HeadersLike, body: unknown): InsforgeWebhook {
  const header = (name: string): string => {
    const value = readHeader(headers, name);
    if (value === undefined || value === '')
      throw new InvalidArgumentError(`The request has no header '${name}': InsForge did not send it`);
    return value;
  };
  const [event, channel, messageId] = [header('x-insforge-event'), header('x-insforge-channel'), header('x-insforge-message-id')];
  const payload = typeof body === 'string' || body instanceof Uint8Array ? parse(body) : body;
  return { event, channel, messageId, payload: isPlain(payload) ? unwrap(payload) : payload };
}

/** Removes the envelope that the adapter added when publishing. */
function unwrap({ _tp, ...payload }: Readonly<Record<string, unknown>>): unknown {
  return Object.keys(payload).length === 1 && '_value' in payload ? payload['_value'] : payload;
}

function parse(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  } catch (cause) {
    throw new InvalidArgumentError(`The body is not JSON: ${String(cause)}`);
  }
}
