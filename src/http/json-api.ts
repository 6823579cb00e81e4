// A JSON API of another system: fresh credentials for each call, a second try with new ones after 401, retries where they are safe, and one
// error class per API. What is called is in the files of each adapter.

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { backoffMs, isTransientStatus, maxRetryAfterMs } from '../lib/retry.ts';
import { exchange, type HttpCall } from './request.ts';
import { throwIfAborted } from '../lib/abort.ts';

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

export interface ApiFailure {
  /** 0: no answer was received. */
  readonly status: number;
  /** Undefined for what is no JSON. */
  readonly body: unknown;
  readonly text: string;
  /** What the call was, without its query. */
  readonly name: string;
  readonly cause?: unknown;
  /** The server may have carried the call out before: an answer to it was lost. */
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
  /** The credentials as headers. `force`: the last ones were refused. */
  credentials(options: { readonly force: boolean }): Promise<Readonly<Record<string, string | undefined>>>;
  /** Whether credentials may be another time around after a 401. */
  readonly canRefresh: boolean;
  toError(failure: ApiFailure): Error;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly wasRetried: boolean;
}

/** Calls that may be made twice without doing more than once. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'PUT', 'PATCH', 'DELETE']);
const tries = 3;
const maxDelayMs = 8_000;

/** Not 500: both systems use it for invalid input. */
function isUnavailable(status: number): boolean {
  return status !== 500 && isTransientStatus(status);
}

export class JsonApi {
  readonly #config: ApiConfig;

  constructor(config: ApiConfig) {
    this.#config = config;
  }

  /** The answer's body, read as JSON; undefined for an empty one. */
  async json(call: ApiCall): Promise<unknown> {
    const { text, status, wasRetried } = await this.text(call);
    if (text.trim() === '') return undefined;
    const body = parse(text);
    if (body !== undefined) return body;
    throw this.#config.toError({ status, body: undefined, text, name: nameOf(call), wasRetried });
  }

  /** The answer's body as it is. */
  async text(call: ApiCall): Promise<Answer> {
    let answer = await this.#repeat(call, false);
    if (answer.status === 401 && this.#config.canRefresh && call.auth !== false) answer = await this.#repeat(call, true);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const { status, text, wasRetried } = answer;
    throw this.#config.toError({ status, body: parse(text), text, name: nameOf(call), wasRetried });
  }

  async #repeat(call: ApiCall, force: boolean): Promise<Answer> {
    const { clock = systemClock, random = systemRandom, retryDelayMs = 300 } = this.#config;
    for (let count = 1; ; count++) {
      const isLast = count === tries || !repeatable.has(call.method);
      const wasRetried = count > 1;
      let retryAfterMs: number | undefined;
      try {
        const { retryAfterMs: askedMs = 0, ...answer } = await this.#once(call, force);
        if (isLast || !isUnavailable(answer.status) || askedMs > maxRetryAfterMs) return { ...answer, wasRetried };
        retryAfterMs = askedMs;
      } catch (cause) {
        if (!(cause instanceof TriplaneError)) throw cause;
        if (isLast || cause.code !== 'unreachable') {
          throw this.#config.toError({ status: 0, body: undefined, text: '', name: nameOf(call), cause, wasRetried });
        }
      }
      const waitMs = backoffMs({ initialMs: retryDelayMs, maxMs: maxDelayMs }, count - 1, random.next(), retryAfterMs);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, waitMs));
      throwIfAborted(call.signal);
    }
  }

  async #once(call: ApiCall, force: boolean): Promise<Omit<Answer, 'wasRetried'> & { readonly retryAfterMs: number | undefined }> {
    const { baseUrl, fetch, clock } = this.#config;
    const { method, path, body, signal } = call;
    const headers = { ...(call.auth !== false && (await this.#config.credentials({ force }))), ...call.headers };
    const query = Object.entries(call.query ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return exchange({ apiURI: baseUrl, fetch, clock }, { method, path, body, headers, query: Object.fromEntries(query), signal });
  }
}

function nameOf({ method, path }: ApiCall): string {
  return `${method} ${path}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
