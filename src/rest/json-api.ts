// A JSON API of another system: fresh credentials for each call, a second try with new ones after 401, retries where they are safe, time-outs,
// and one error class per API, whatever the response is. The calls themselves are in the files of each adapter.

import { TriplaneError } from '../errors.ts';
import { onAbort, throwIfAborted, untilAborted } from '../lib/abort.ts';
import { type Clock, systemClock, type Timer } from '../lib/clock.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { backoffMs, maxRetryAfterMs } from '../lib/retry.ts';
import { isPlain } from '../rooms/payload.ts';
import { misfit, type Shape } from './shape.ts';
import { exchange, type HttpCall } from '../http/request.ts';
import { observedFetch, type SeenResponse } from './response-limit.ts';

export interface ApiCall {
  readonly method: HttpCall['method'];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly body?: unknown;
  /** False: without credentials. */
  readonly auth?: boolean | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The `code` of a failure that has none of the server's. */
export type ApiFailureCode =
  | 'MALFORMED_RESPONSE' // the response is not one of the API's
  | 'RESPONSE_TOO_LARGE' // more bytes than the client reads
  | 'UNREACHABLE' // no server responded
  | 'TIMEOUT' // no response in time
  | 'AUTH_FAILED' // the function that provides the token failed
  | 'INVALID_HEADER' // HTTP cannot carry a header, such as a token with a line break
  | 'CLOSED'; // the client was closed

export interface ApiFailure {
  /** 0: no response was received. */
  readonly status: number;
  /** The server's `error` field, or an `ApiFailureCode`. */
  readonly code: string;
  readonly message: string;
  /** The response: parsed if it is JSON, otherwise its text; undefined if there was none. */
  readonly body: unknown;
  readonly cause?: unknown;
  /** The response to an earlier attempt was lost, so the server may have carried out the call already. */
  readonly wasRetried: boolean;
}

export interface ApiConfig {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly fetch?: typeof fetch | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** The longest pause before the first retry. */
  readonly retryDelayMs?: number | undefined;
  /** How long one attempt may take, including its credentials. */
  readonly timeoutMs?: number | undefined;
  /** A larger response is not read. */
  readonly maxResponseBytes?: number | undefined;
  /** Aborts every call. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the client is closed: calls fail with `CLOSED`. */
  readonly closed?: AbortSignal | undefined;
  /** The credentials as headers. `force`: the last ones were rejected. */
  credentials(options: { readonly force: boolean }): Promise<Readonly<Record<string, string | undefined>>>;
  /** Whether credentials may differ the next time after a 401. */
  readonly canRefresh: boolean;
  toError(failure: ApiFailure): Error;
}

interface Response {
  readonly status: number;
  readonly text: string;
  readonly wasRetried: boolean;
}

/** Methods that are safe to repeat. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'PUT', 'PATCH', 'DELETE']);
const maxTries = 3;
const maxDelayMs = 8_000;
const defaultTimeoutMs = 60_000;
const defaultMaxResponseBytes = 100_000_000;
/** Both systems respond with 500 to invalid input, so it is not among them. */
const retriedStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** An attempt that got no complete response. */
class Failed extends Error {
  readonly failure: Pick<ApiFailure, 'status' | 'code' | 'message' | 'cause'>;
  readonly mayRetry: boolean;

  constructor(code: ApiFailureCode, message: string, { cause, status = 0, mayRetry = false }: FailedOptions = {}) {
    super(message);
    this.failure = { status, code, message, cause };
    this.mayRetry = mayRetry;
  }
}

interface FailedOptions {
  readonly cause?: unknown;
  readonly status?: number | undefined;
  readonly mayRetry?: boolean;
}

export class JsonApi {
  readonly #config: ApiConfig;

  constructor(config: ApiConfig) {
    this.#config = config;
  }

  /** The response's body, parsed; undefined for an empty one. */
  async json(call: ApiCall): Promise<unknown> {
    const { text, status, wasRetried } = await this.text(call);
    if (text.trim() === '') return undefined;
    const body = parse(text);
    if (body !== undefined) return body;
    throw this.#config.toError({ ...malformed(call, status, text), body: text, wasRetried });
  }

  /** The response's body as text. */
  async text(call: ApiCall): Promise<Response> {
    let response = await this.#repeat(call, false);
    if (response.status === 401 && this.#config.canRefresh && call.auth !== false) response = await this.#repeat(call, true);
    const { status, text, wasRetried } = response;
    if (status >= 200 && status < 300) return response;
    // Deleted by the attempt whose response was lost.
    if (status === 404 && wasRetried && call.method === 'DELETE') return { status: 204, text: '', wasRetried };
    throw this.#config.toError({ ...rejection(call, status, text), wasRetried });
  }

  /** The value as T. @throws the API's error 'MALFORMED_RESPONSE' if it does not have the shape */
  fit<T>(call: Pick<ApiCall, 'method' | 'path'>, value: unknown, shape: Shape): T {
    const problem = misfit(value, shape);
    if (problem === undefined) return value as T;
    throw this.misshapen(call, value, problem);
  }

  misshapen(call: Pick<ApiCall, 'method' | 'path'>, body: unknown, problem: string): Error {
    const message = `${nameOf(call)}: the response is not one of this API: ${problem}`;
    return this.#config.toError({ status: 200, code: 'MALFORMED_RESPONSE', message, body, wasRetried: false });
  }

  async #repeat(call: ApiCall, force: boolean): Promise<Response> {
    const { clock = systemClock, random = systemRandom, retryDelayMs = 300 } = this.#config;
    for (let count = 1; ; count++) {
      const isLast = count === maxTries || !repeatable.has(call.method);
      const wasRetried = count > 1;
      let retryAfterMs: number | undefined;
      try {
        const { retryAfterMs: requestedMs = 0, ...response } = await this.#attempt(call, force);
        if (isLast || !retriedStatuses.has(response.status) || requestedMs > maxRetryAfterMs) return { ...response, wasRetried };
        retryAfterMs = requestedMs;
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        if (isLast || !error.mayRetry) throw this.#config.toError({ ...error.failure, body: undefined, wasRetried });
      }
      await this.#pause(call, clock, backoffMs({ initialMs: retryDelayMs, maxMs: maxDelayMs }, count - 1, random.next(), retryAfterMs));
    }
  }

  async #attempt(call: ApiCall, force: boolean): Promise<Omit<Response, 'wasRetried'> & { readonly retryAfterMs: number | undefined }> {
    const { baseUrl, clock = systemClock, timeoutMs = defaultTimeoutMs, maxResponseBytes = defaultMaxResponseBytes } = this.#config;
    const { method, path, body } = call;
    const seen: SeenResponse = { status: undefined, isTooLarge: false };
    const { signal, end } = this.#signalOf(call);
    const timer = clock.setTimeout(() => end(new Failed('TIMEOUT', `${nameOf(call)}: no response within ${timeoutMs} ms`)), timeoutMs);
    try {
      throwIfAborted(signal);
      const headers = { ...(call.auth !== false && (await this.#credentials(call, force, signal))), ...call.headers };
      const query = Object.entries(call.query ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const send = observedFetch(this.#config.fetch ?? fetch, maxResponseBytes, seen);
      const request = { method, path, body, headers, query: Object.fromEntries(query), signal, timeoutMs: Infinity };
      return await exchange({ apiURI: baseUrl, fetch: send, clock }, request);
    } catch (error) {
      throwIfAborted(signal);
      throw error instanceof TriplaneError ? failureOf(call, error, seen, maxResponseBytes) : error;
    } finally {
      clock.clearTimeout(timer);
      end(undefined);
    }
  }

  /** Aborted with the caller, with the API, with the client, and by `end`; its last call removes the listeners. */
  #signalOf(call: ApiCall): { readonly signal: AbortSignal; readonly end: (reason: unknown) => void } {
    const controller = new AbortController();
    const abort = (reason: unknown): void => controller.abort(reason);
    const stops = [
      onAbort(call.signal, abort),
      onAbort(this.#config.signal, abort),
      onAbort(this.#config.closed, () => abort(new Failed('CLOSED', `${nameOf(call)}: the client was closed`))),
    ];
    const end = (reason: unknown): void => {
      for (const stop of stops) stop();
      if (reason !== undefined) abort(reason);
    };
    return { signal: controller.signal, end };
  }

  async #credentials(call: ApiCall, force: boolean, signal: AbortSignal): Promise<Readonly<Record<string, string | undefined>>> {
    try {
      return await untilAborted(this.#config.credentials({ force }), signal);
    } catch (cause) {
      throwIfAborted(signal);
      throw new Failed('AUTH_FAILED', `${nameOf(call)}: there are no credentials, because getting the token failed`, { cause });
    }
  }

  /** Waits before the next attempt. */
  async #pause(call: ApiCall, clock: Clock, ms: number): Promise<void> {
    const { signal, end } = this.#signalOf(call);
    let timer: Timer | undefined;
    try {
      await untilAborted(new Promise<void>((resolve) => void (timer = clock.setTimeout(resolve, ms))), signal);
    } catch (error) {
      throw error instanceof Failed ? this.#config.toError({ ...error.failure, body: undefined, wasRetried: true }) : error;
    } finally {
      clock.clearTimeout(timer);
      end(undefined);
    }
  }
}

function failureOf(call: ApiCall, cause: TriplaneError, { status, isTooLarge }: SeenResponse, maxBytes: number): Error {
  if (cause.code === 'config-invalid') return new Failed('INVALID_HEADER', cause.message, { cause });
  if (cause.code !== 'unreachable') return cause;
  if (isTooLarge) {
    return new Failed('RESPONSE_TOO_LARGE', `${nameOf(call)}: the response is larger than ${maxBytes} bytes`, { cause, status });
  }
  if (status === undefined) {
    const message = `${nameOf(call)}: the server could not be reached. Check the URL and the network`;
    return new Failed('UNREACHABLE', message, { cause, mayRetry: true });
  }
  const message = `${nameOf(call)}: the response ended early, or is not in the encoding that its header names`;
  return new Failed('MALFORMED_RESPONSE', message, { cause, status, mayRetry: true });
}

type Rejection = Pick<ApiFailure, 'status' | 'code' | 'message' | 'body'>;

/** Both APIs respond to what they reject with `{ "error", "message" }`. */
function rejection(call: ApiCall, status: number, text: string): Rejection {
  const body = parse(text);
  if (!isPlain(body) || typeof body['error'] !== 'string') return { ...malformed(call, status, text), body: body ?? text };
  const { error, message } = body;
  return { status, code: error, message: typeof message === 'string' ? message : error, body };
}

function malformed(call: ApiCall, status: number, text: string): Omit<Rejection, 'body'> {
  const excerpt = text.trim().slice(0, 200) || 'an empty body';
  const message = `${nameOf(call)}: the response, with status ${status}, is not one of this API: ${excerpt}`;
  return { status, code: 'MALFORMED_RESPONSE', message };
}

function nameOf({ method, path }: Pick<ApiCall, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
