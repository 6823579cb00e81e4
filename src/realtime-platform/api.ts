// Calls of the platform's API: its headers for credentials and scope, its errors, and answers checked as far as they are read.

import type { Clock } from '../lib/clock.ts';
import { JsonApi } from '../rest/json-api.ts';
import type { Shape } from '../rest/shape.ts';
import { isPlain, jsonOf } from '../rooms/payload.ts';
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
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxResponseBytes: number | undefined;
  readonly closed: AbortSignal;
  readonly fetch: typeof fetch | undefined;
  readonly clock: Clock;
  readonly retryDelayMs: number | undefined;
  readonly wire: Wire;
}

/** What `scoped` changes. */
export interface ApiScope {
  readonly applicationId?: string | undefined;
  readonly environment?: string | undefined;
  /** Aborting it ends every pending and later call with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long one attempt of a call may take. */
  readonly timeoutMs?: number | undefined;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A larger body is rejected before it is sent. */
const maxBodyBytes = 10_000_000;

export class PlatformApi {
  readonly options: ApiOptions;
  readonly #api: JsonApi;
  readonly #retried = new WeakSet<PlatformApiError>();

  constructor(options: ApiOptions) {
    this.options = options;
    const { url, fetch, clock, retryDelayMs, tokens, signal, closed, timeoutMs, maxResponseBytes } = options;
    this.#api = new JsonApi({
      baseUrl: url,
      fetch,
      clock,
      retryDelayMs,
      signal,
      closed,
      timeoutMs,
      maxResponseBytes,
      canRefresh: tokens.canRefresh,
      credentials: (request) => this.#credentials(request),
      toError: ({ status, code, message, body, cause, wasRetried }) => {
        const error = new PlatformApiError(message, { status, code, body, cause });
        if (wasRetried) this.#retried.add(error);
        return error;
      },
    });
  }

  /** The same API with other headers, or limits of its own. */
  scoped(scope: ApiScope): PlatformApi {
    return new PlatformApi({ ...this.options, ...scope });
  }

  async call(method: Method, path: string, init: RawInit = {}): Promise<unknown> {
    if (init.body !== undefined) jsonOf(init.body, maxBodyBytes, PlatformRealtimeError);
    return this.#api.json({ method, path, ...init, headers: { ...this.#scope(), ...init.headers } });
  }

  async text(path: string): Promise<string> {
    return (await this.#api.text({ method: 'GET', path, auth: false })).text;
  }

  /** A response of this shape. @throws PlatformApiError 'MALFORMED_RESPONSE' */
  async one<T>(shape: Shape, method: Method, path: string, init?: RawInit): Promise<T> {
    return this.#api.fit<T>({ method, path }, await this.call(method, path, init), shape);
  }

  /** The same; null if `isGone`, whatever else it is. */
  async document<T>(shape: Shape, path: string, isGone: (body: unknown) => boolean): Promise<T | null> {
    const body = await this.call('GET', path);
    return isGone(body) ? null : this.#api.fit<T>({ method: 'GET', path }, body, shape);
  }

  async list<T>(shape: Shape, path: string, init?: RawInit & { readonly within?: string }): Promise<T[]> {
    const call = { method: 'GET', path } as const;
    const response = await this.call('GET', path, init);
    const items = init?.within !== undefined && isPlain(response) ? response[init.within] : response;
    if (!Array.isArray(items)) throw this.#api.misshapen(call, response, 'it is not a list');
    return items.map((item: unknown) => this.#api.fit<T>(call, item, shape));
  }

  /** Whether the server may have carried out the call before the attempt that failed. */
  wasRetried(error: PlatformApiError): boolean {
    return this.#retried.has(error);
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
}
