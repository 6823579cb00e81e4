// One HTTP call: JSON or bytes go out, JSON comes back, and every way to fail has one error. No call is made twice: whether that is safe
// is known only to whoever makes it. The calls themselves are in auth.ts and files.ts.

import { InstantAPIError, TriplaneError } from '../errors.ts';
import { onAbort } from '../lib/abort.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { readErrorBody } from './rejection.ts';

export interface HttpConfig {
  /** Where the server is, without a slash at the end: `https://api.instantdb.com`. */
  readonly apiURI: string;
  readonly fetch?: typeof fetch | undefined;
  readonly clock?: Clock | undefined;
  /** Ends every call that has no signal of its own. */
  readonly signal?: AbortSignal | undefined;
}

/** The server, and the app on it that is meant. */
export interface AppConfig extends HttpConfig {
  readonly appId: string;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the root of the server: `/runtime/signout`. */
  readonly path: string;
  /** Encoded here. */
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as they are, instead of a body. */
  readonly bytes?: NonNullable<RequestInit['body']>;
  /** What is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** How long the response may take: a minute unless set, and without limit where bytes are sent. */
  readonly timeoutMs?: number | undefined;
  /** Further options for `fetch`, below all others. */
  readonly init?: RequestInit | undefined;
}

/** How long an answer is waited for. To bytes, as long as it takes. */
const defaultTimeoutMs = 60_000;

/**
 * What the server answers, once it is known to have agreed; undefined if it answered with nothing.
 *
 * @throws InstantAPIError if the server said no
 * @throws TriplaneError 'unreachable' if it was not heard, 'timeout' if it took too long, 'config-invalid' for a header that cannot be sent,
 *   'server-failed' for an answer that is no JSON; the signal's reason if it was aborted
 */
export async function request(config: HttpConfig, call: HttpCall): Promise<unknown> {
  const { ok, status, text, retryAfterMs } = await exchange(config, call);
  const body = parse(text);
  if (!ok) throw new InstantAPIError({ body: readErrorBody(body, text), status, retryAfterMs });
  if (body !== undefined || text.trim() === '') return body;
  const advice = 'Check that apiURI is the address of a server';
  throw new TriplaneError('server-failed', `${nameOf(config, call)} was answered with what is not JSON. ${advice}`);
}

interface RawResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

async function exchange(config: HttpConfig, call: HttpCall): Promise<RawResponse> {
  const { clock = systemClock } = config;
  // Called bare: a browser's `fetch` refuses to be a method of something else.
  const send = config.fetch ?? fetch;
  const name = nameOf(config, call);
  const init = initOf(config, call);
  // Ended by whoever is first, the caller or the clock, which also says why.
  const controller = new AbortController();
  const { signal } = controller;
  const end = (why: unknown): void => controller.abort(why);
 const { timeoutMs = call.bytes === undefined ? defaultTimeoutMs : Infinity } = call;
  const onTimeout = (): void => end(new TriplaneError('timeout', `${name} was not answered within ${timeoutMs} ms`));
  const timer = timeoutMs === Infinity ? undefined : clock.setTimeout(onTimeout, timeoutMs);
  const done = onAbort(call.signal ?? config.signal, end);
  try {
    const response = await send(addressOf(config, call), { ...uncached(send), ...call.init, ...init, signal });
    const { ok, status, headers } = response;
    return { ok, status, text: await response.text(), retryAfterMs: readRetryAfter(headers.get('retry-after'), clock.now()) };
  } catch (cause) {
    signal.throwIfAborted();
    const advice = 'Check that this device is online, that apiURI is right and that a server runs there';
    throw new TriplaneError('unreachable', `${name} reached no server. ${advice}`, { cause });
  } finally {
    clock.clearTimeout(timer);
    done();
  }
}

/** Seconds, or the date until which to wait. */
function readRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Undefined for what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function initOf(config: HttpConfig, call: HttpCall): RequestInit {
  const body = call.bytes ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  // A stream can only be sent by saying that the answer is not read before it has ended.
  const half = body instanceof ReadableStream && { duplex: 'half' };
  return { ...half, method: call.method, headers: headersOf(config, call), ...(body !== undefined && { body }) };
}

function headersOf(config: HttpConfig, call: HttpCall): Headers {
  let last = '';
  try {
    const headers = new Headers(call.init?.headers);
    if (call.bytes === undefined) headers.set('content-type', 'application/json');
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      last = name;
      if (value !== undefined) headers.set(name, value);
    }
    return headers;
  } catch {
    // What the platform says of it has the value in it, which may be a token.
    throw new TriplaneError('config-invalid', `${nameOf(config, call)} needs a header that HTTP cannot carry: '${last}'`);
  }
}

function addressOf({ apiURI }: HttpConfig, { path, query = {} }: HttpCall): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${apiURI}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
}

/** A call as errors name it: without its query, which may hold what is nobody's business. */
function nameOf({ apiURI }: HttpConfig, { method, path }: HttpCall): string {
  return `${method} ${apiURI}${path}`;
}

/** Next.js 13 and 14 put a `fetch` in place that remembers answers. */
function uncached(send: typeof fetch): RequestInit {
  return '__nextPatched' in send && !(Symbol.for('next-patch') in globalThis) ? { cache: 'no-store' } : {};
}
