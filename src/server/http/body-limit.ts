// Bodies that are held in memory until they are complete: none above the limit of a frame, and all together not above the total of what
// may be incomplete. A large one is decoded as it arrives: doing so at its end, with all the copies of a Request, would keep others waiting.

import type { Context, MiddlewareHandler } from 'hono';
import { rejection } from '../errors.ts';
import type { IncomingBytes } from '../incoming-bytes.ts';
import { drain } from './drained-body.ts';
import { malformed } from './errors.ts';
import type { LargeBodies } from './large-bodies.ts';

/** A declared length up to which a body is not counted: about what the headers of a request may take. */
const smallBytes = 16 * 1024;
/** Longer texts are parsed a few at a time. */
const largeLength = 512 * 1024;

export interface BodyLimits {
  readonly maxBytes: number;
  readonly incoming: IncomingBytes<object>;
  readonly largeBodies: LargeBodies;
  /** The network that a request comes from. */
  readonly networkOf: (context: Context) => string;
}

/** The body as text. Rejects if it does not arrive. */
export function bodyText(context: Context): Promise<string> {
  const held = context.get('bodyText') as string | undefined;
  return held === undefined ? context.req.text() : Promise.resolve(held);
}

export function bodyLimit({ maxBytes, incoming, largeBodies, networkOf }: BodyLimits): MiddlewareHandler {
  const tooLarge = { type: 'param-malformed', message: `A body may have ${maxBytes} bytes`, hint: { in: ['body'] } };
  return async (context, next) => {
    const isChunked = context.req.header('transfer-encoding') !== undefined;
    const declared = isChunked ? Number.POSITIVE_INFINITY : Number(context.req.header('content-length') ?? 0);
    if (!isChunked && declared > maxBytes) return context.json(tooLarge, 413);
    if (declared <= smallBytes) return next();
    const { raw } = context.req;
    if (!raw.body) return next();
    let leave: (() => void) | undefined;
    try {
      const text = await read(raw.body, raw, incoming, maxBytes);
      if (text === undefined) return context.json(tooLarge, 413);
      if (text.length > largeLength) leave = await largeBodies.enter(networkOf(context), text.length);
      context.set('bodyText', text);
      return await next();
    } finally {
      leave?.();
      incoming.remove(raw);
    }
  };
}

/** Undefined if it is too large. Rejects with InstantAPIError if it does not arrive, or too much is being sent by all together. */
async function read(
  body: ReadableStream<Uint8Array>,
  key: object,
  incoming: IncomingBytes<object>,
  maxBytes: number,
): Promise<string | undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [text, size] = ['', 0];
  let refuse = (): void => {};
  const refused = new Promise<'refused'>((resolve) => (refuse = (): void => resolve('refused')));
  for (;;) {
    // A client that goes away before the end is no fault of the server.
    const next = await Promise.race([refused, reader.read()]).catch(() => {
      throw malformed(['body']);
    });
    if (next === 'refused') {
      void drain(reader);
      throw rejection('rate-limited', 'Too much is being sent to this server', { 'retry-after': 1 });
    }
    const { done, value } = next;
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > maxBytes) {
      void drain(reader);
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
    incoming.add(key, value.byteLength, refuse);
  }
}
