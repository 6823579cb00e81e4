// Bodies of answers that are streams. If one fails, its status has been sent already, so that only the end of the connection can tell the
// client. The HTTP adapter would print the error to the console.

import type { Context } from 'hono';
import type { HttpContext } from './context.ts';
import { outgoingOf } from './caller.ts';

type Body = ReadableStream<Uint8Array>;

/** The server ends an answer that its client does not read: no failure of the server. */
export class CutAnswer extends Error {
  constructor() {
    super('the client does not read');
  }
}

/** Closes the connection if the body fails, and logs why. */
export function streamed(context: Context, { log }: Pick<HttpContext, 'log'>, body: string | Body): string | Body {
  const outgoing = outgoingOf(context);
  if (typeof body === 'string' || !outgoing) return body;
  const reader = body.getReader();
  const failed = (error: unknown): void => {
    if (!(error instanceof CutAnswer)) log.error('an answer could not be sent to its end', error);
    // The adapter cancels the body when the connection closes.
    outgoing.destroy();
  };
  // Heard at once, also while the client reads nothing.
  void reader.closed.catch(failed);
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        reader.read().then(
          ({ done, value }) => (done ? controller.close() : controller.enqueue(value)),
          () => {},
        ),
      cancel: () => reader.cancel().catch(() => {}),
    },
    { highWaterMark: 0 },
  );
}
