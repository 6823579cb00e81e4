// Requests as Node's frameworks pass them (Express, Koa, Nest, Next.js pages): finding the raw body, whoever has read it before.

import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';

/** Node's `IncomingMessage`, and what body parsers add to it. */
export interface NodeRequest {
  url?: string;
  method?: string;
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
  rawBody?: unknown;
  [Symbol.asyncIterator]?: () => AsyncIterableIterator<Uint8Array | string>;
}

/** Node's `ServerResponse`, as far as an answer without details needs it. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

export interface RawBody {
  readonly bytes: Uint8Array;
  /** A body parser left only an object, whose JSON need not be the bytes that were signed. */
  readonly isReserialized: boolean;
}

/** A webhook's body is a pointer of some hundred bytes; nobody needs more. */
const mostBytes = 65_536;
const encoder = new TextEncoder();

/**
 * The raw body: as given, as `rawBody`, as `body`, or from the unread stream.
 *
 * @throws TriplaneError 'config-invalid' if nothing holds it, 'limit' if it is too long to be a webhook's
 */
export async function rawBodyOf(req: NodeRequest, given: unknown): Promise<RawBody> {
  const body = await (given ?? req.rawBody ?? req.body);
  if (typeof body === 'string') return { bytes: encoder.encode(body), isReserialized: false };
  if (body instanceof Uint8Array) return { bytes: body, isReserialized: false };
  if (isObject(body)) return { bytes: encoder.encode(JSON.stringify(body)), isReserialized: true };
  if (req[Symbol.asyncIterator]) return { bytes: await readAll(req as AsyncIterable<Uint8Array | string>), isReserialized: false };
  throw new TriplaneError(
    'config-invalid',
    'The raw body of the webhook request cannot be found. Pass the unread request, or set `body` or `rawBody` to its bytes',
  );
}

/** @throws TriplaneError 'limit' */
export async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    size += bytes.length;
    if (size > mostBytes) throw new TriplaneError('limit', `The body of a webhook request has at most ${mostBytes} bytes`);
    chunks.push(bytes);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Of a header that came twice, both. */
export function headerOf(req: NodeRequest, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
