// A single HTTP request with a JSON or binary body and a JSON response; each kind of failure has its own error. Requests are never
// repeated: only the caller knows whether that is safe. The calls of the API are in auth.ts and files.ts.

import { InstantAPIError, TriplaneError } from '../errors.ts';
import { onAbort, throwIfAborted } from '../lib/abort.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { readErrorBody } from './rejection.ts';

export interface HttpConfig {
  /** The base URL of the server without a trailing slash: `https://api.instantdb.com`. */
  readonly apiURI: string;
  readonly fetch?: typeof fetch | undefined;
  readonly clock?: Clock | undefined;
  /** Aborts every call that has no signal of its own. */
  readonly signal?: AbortSignal | undefined;
}

/** The server and the app. */
export interface AppConfig extends HttpConfig {
  readonly appId: string;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path on the server: `/runtime/signout`. */
  readonly path: string;
  /** Unencoded parameters. */
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** A binary body, sent instead of `body`. */
  readonly bytes?: NonNullable<RequestInit['body']>;
  /** Undefined headers are omitted. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Response timeout. Default: one minute, none for uploads. */
  readonly timeoutMs?: number | undefined;
  /** Additional options for `fetch`; all others take precedence. */
  readonly init?: RequestInit | undefined;
  /** Receives the headers of the response. */
  readonly received?: ((headers: Headers) => void) | undefined;
}

/** Response timeout; uploads have none. */
const defaultTimeoutMs = 60_000;

/**
 * Sends a request and returns the parsed response, undefined if it is empty.
 *
 * @throws InstantAPIError if the server responded with an error status
 * @throws TriplaneError 'unreachable' if no server responded, 'timeout' if the response took too long, 'config-invalid' for a header that
 * HTTP cannot carry, 'data-invalid' for a body that JSON cannot carry, 'server-failed' if the response is not JSON; rejects with the signal's
 * reason if it was aborted
 */
export async function request(config: HttpConfig, call: HttpCall): Promise<unknown> {
  const { ok, status, text, retryAfterMs } = await exchange(config, call);
  const body = parse(text);
  if (!ok) throw new InstantAPIError({ body: readErrorBody(body, text), status, retryAfterMs });
  if (body !== undefined || text.trim() === '') return body;
  const advice = 'Check that apiURI is the URL of a server';
  throw new TriplaneError('server-failed', `${nameOf(config, call)}: the response is not JSON. ${advice}`);
}

interface RawResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/** What a server answers, whatever it is. */
export async function exchange(config: HttpConfig, call: HttpCall): Promise<RawResponse> {
  const { clock = systemClock } = config;
  const name = nameOf(config, call);
  const init = initOf(config, call);
  // Aborted by the caller or by the timeout, with the corresponding reason.
  const controller = new AbortController();
  const { signal } = controller;
  const end = (why: unknown): void => controller.abort(why);
  const { timeoutMs = call.bytes === undefined ? defaultTimeoutMs : Infinity } = call;
  const onTimeout = (): void => end(new TriplaneError('timeout', `${name}: no response within ${timeoutMs} ms`));
  const timer = timeoutMs === Infinity ? undefined : clock.setTimeout(onTimeout, timeoutMs);
  const done = onAbort(call.signal ?? config.signal, end);
  try {
    // Called as a plain function: a browser's `fetch` throws when called as a method of another object.
    const send = config.fetch ?? fetch;
    const response = await send(addressOf(config, call), { ...uncached(send), ...call.init, ...init, signal });
    const { ok, status, headers } = response;
    call.received?.(headers);
    return { ok, status, text: await response.text(), retryAfterMs: readRetryAfter(headers.get('retry-after'), clock.now()) };
  } catch (cause) {
    throwIfAborted(signal);
    const advice = 'Check that this device is online, that apiURI is correct and that the server is running';
    throw new TriplaneError('unreachable', `${name}: no server responded. ${advice}`, { cause });
  } finally {
    clock.clearTimeout(timer);
    done();
  }
}

/** Parses a Retry-After header: seconds, or a date. */
function readRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Undefined if the text is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function initOf(config: HttpConfig, call: HttpCall): RequestInit {
  const body = call.bytes ?? jsonOf(config, call);
  // A stream requires `duplex: 'half'`: the response is read after the request has been sent.
  const half = typeof ReadableStream === 'function' && body instanceof ReadableStream && { duplex: 'half' };
  return { ...half, method: call.method, headers: headersOf(config, call), ...(body !== undefined && { body }) };
}

function jsonOf(config: HttpConfig, call: HttpCall): string | undefined {
  try {
    return call.body === undefined ? undefined : JSON.stringify(call.body);
  } catch (cause) {
    throw new TriplaneError('data-invalid', `${nameOf(config, call)}: JSON cannot carry the request: ${String(cause)}`, { cause });
  }
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
    // The platform's message contains the value, which may be a token.
    throw new TriplaneError('config-invalid', `${nameOf(config, call)}: HTTP cannot carry the value of the header '${last}'`);
  }
}

function addressOf({ apiURI }: HttpConfig, { path, query = {} }: HttpCall): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${apiURI}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
}

/** The name of a call in errors; without the query, which may contain private data. */
function nameOf({ apiURI }: HttpConfig, { method, path }: HttpCall): string {
  return `${method} ${apiURI}${path}`;
}

/** Next.js 13 and 14 patch `fetch` with a cache. */
function uncached(send: typeof fetch): RequestInit {
  return '__nextPatched' in send && !(Symbol.for('next-patch') in globalThis) ? { cache: 'no-store' } : {};
}
