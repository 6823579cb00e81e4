// Calls of the platform's API: its headers for credentials and scope, its errors, and answers checked as far as they are read.

import { TriplaneError } from '../errors.ts';
import { type ApiFailure, JsonApi } from '../http/json-api.ts';
import type { Clock } from '../lib/clock.ts';
import { isPlain, jsonOf } from '../rooms/payload.ts';
import { misfit, type Shape } from '../rooms/shape.ts';
import { PlatformApiError, PlatformRealtimeError } from './platform-error.ts';
import type { TokenSource } from './token.ts';
import type { Wire } from './wire.ts';

export interface RawInit {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** False: without credentials. */
  readonly auth?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ApiOptions {
  readonly url: string;
  readonly tokens: TokenSource;
  readonly sessionToken: string | undefined;
  /** `authorization`: without a scheme, as the platform's own admin pages send it. */
  readonly sessionHeader: 'x-session-token' | 'authorization';
  readonly applicationId: string | undefined;
  readonly environment: string | undefined;
  readonly fetch: typeof fetch | undefined;
  readonly clock: Clock;
  readonly retryDelayMs: number | undefined;
  readonly wire: Wire;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A larger body is refused before it is sent. */
const mostBytes = 10_000_000;

/** An answer, and whether the server may have carried the call out more than once. */
export interface Failed {
  readonly error: PlatformApiError;
  readonly wasRetried: boolean;
}

export class PlatformApi {
  readonly options: ApiOptions;
  readonly #api: JsonApi;
  readonly #retried = new WeakSet<PlatformApiError>();

  constructor(options: ApiOptions) {
    this.options = options;
    const { url, fetch, clock, retryDelayMs, tokens } = options;
    this.#api = new JsonApi({
      baseUrl: url,
      fetch,
      clock,
      retryDelayMs,
      canRefresh: tokens.canRefresh,
      credentials: (request) => this.#credentials(request),
      toError: (failure) => this.#errorOf(failure),
    });
  }

  /** The same API with other headers. */
  scoped(scope: { readonly applicationId?: string | undefined; readonly environment?: string | undefined }): PlatformApi {
    return new PlatformApi({ ...this.options, ...scope });
  }

  async call(method: Method, path: string, init: RawInit = {}): Promise<unknown> {
    if (init.body !== undefined) jsonOf(init.body, mostBytes, PlatformRealtimeError);
    return this.#api.json({ method, path, ...init, headers: { ...this.#scope(), ...init.headers } });
  }

  async text(path: string): Promise<string> {
    return (await this.#api.text({ method: 'GET', path, auth: false })).text;
  }

  /** An answer of this shape. @throws PlatformApiError 'MALFORMED_RESPONSE' */
  async one<T>(shape: Shape, method: Method, path: string, init?: RawInit): Promise<T> {
    return this.#fit<T>(await this.call(method, path, init), shape, `${method} ${path}`);
  }

  async list<T>(shape: Shape, path: string, init?: RawInit & { readonly within?: string }): Promise<T[]> {
    const answer = await this.call('GET', path, init);
    const items = init?.within !== undefined && isPlain(answer) ? answer[init.within] : answer;
    if (!Array.isArray(items)) throw malformed(`GET ${path}`, 'it is no list', answer);
    return items.map((item: unknown) => this.#fit<T>(item, shape, `GET ${path}`));
  }

  wasRetried(error: PlatformApiError): boolean {
    return this.#retried.has(error);
  }

  #fit<T>(answer: unknown, shape: Shape, name: string): T {
    const problem = misfit(answer, shape);
    if (problem !== undefined) throw malformed(name, problem, answer);
    return answer as T;
  }

  #scope(): Record<string, string | undefined> {
    const { applicationId, environment } = this.options;
    return { 'x-application-id': applicationId, 'x-environment': environment };
  }

  async #credentials(request: { readonly force: boolean }): Promise<Record<string, string | undefined>> {
    const { sessionToken, sessionHeader, tokens } = this.options;
    if (sessionToken !== undefined) return { [sessionHeader]: sessionToken };
    const token = await tokens.get(request);
    return { authorization: token === undefined ? undefined : `Bearer ${token}` };
  }

  #errorOf({ status, body, text, name, cause, wasRetried }: ApiFailure): PlatformApiError {
    const error = errorFrom({ status, body, text, name, cause });
    if (wasRetried) this.#retried.add(error);
    return error;
  }
}

function errorFrom({ status, body, text, name, cause }: Omit<ApiFailure, 'wasRetried'>): PlatformApiError {
  if (status === 0) {
    const isLate = cause instanceof TriplaneError && cause.code === 'timeout';
    const message = isLate ? `${name} was not answered in time` : `${name} reached no server; check the url and the network`;
    return new PlatformApiError(message, { status, code: isLate ? 'TIMEOUT' : 'UNREACHABLE', body: undefined, cause });
  }
  if (isPlain(body) && typeof body['error'] === 'string') {
    const { error, message } = body;
    return new PlatformApiError(typeof message === 'string' ? message : error, { status, code: error, body });
  }
  const excerpt = text.trim().slice(0, 200) || 'nothing';
  const message = `${name} was answered ${status}, not as the API answers: ${excerpt}`;
  return new PlatformApiError(message, { status, code: 'MALFORMED_RESPONSE', body: body ?? text });
}

function malformed(name: string, problem: string, body: unknown): PlatformApiError {
  return new PlatformApiError(`${name} was not answered as the API answers: ${problem}`, { status: 200, code: 'MALFORMED_RESPONSE', body });
}
