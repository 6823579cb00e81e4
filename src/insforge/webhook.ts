// A message that InsForge posts to a webhook of the program. It is not signed: only a secret address tells it from what others post.

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
 * Reads a webhook request. `body` is the JSON text or what was parsed from it.
 *
 * @throws InvalidArgumentError if a header is missing or the body is no JSON
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

/** What the adapter added when it published. */
function unwrap({ _tp, ...payload }: Readonly<Record<string, unknown>>): unknown {
  return Object.keys(payload).length === 1 && '_value' in payload ? payload['_value'] : payload;
}

function parse(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  } catch (cause) {
    throw new InvalidArgumentError(`The body is no JSON: ${String(cause)}`);
  }
}
