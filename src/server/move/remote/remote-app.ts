// An app on another server, accessed over HTTP with its admin token. Temporary failures are retried; rejections are not.

import { InstantAPIError, TriplaneError } from '../../../errors.ts';
import { isObject } from '../../../lib/json.ts';
import { ownVersion } from '../../../protocol/version.ts';
import { unpacked } from './zstd.ts';

export interface RemoteConfig {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
  /** Waits between two attempts; rejects when the import is cancelled. */
  readonly wait: (ms: number) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Some stores reject requests without a user agent. */
const userAgent = `triplane/${ownVersion}`;
/** Attempts per request; the pauses between them add up to two minutes. */
const attempts = 8;
const longestPauseMs = 30_000;
const tokenFaults: ReadonlySet<unknown> = new Set(['app-admin-token', 'instant-user', 'app']);

export class RemoteApp {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
  readonly #config: RemoteConfig;

  constructor(config: RemoteConfig) {
    this.#config = config;
    this.url = config.url.replace(/\/+$/, '');
    this.appId = config.appId;
    this.adminToken = config.adminToken;
  }

  wait(ms: number): Promise<void> {
    return this.#config.wait(ms);
  }

  /** The path of one of the app's own routes. */
  path(end: string): string {
    return `/dash/apps/${this.appId}${end}`;
  }

  /**
   * Returns the response body. Rejects with InstantAPIError if the server rejects the request, with TriplaneError `config-invalid` if it
   * rejects the token, `unreachable` if it cannot be reached for two minutes.
   */
  async request(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    return this.#repeated(`${method} ${path}`, async () => {
      const response = await this.#fetch(this.url + path, method, body);
      const text = await response.text();
      const json = parseJson(text);
      if (response.ok && isObject(json)) return json;
      if (response.ok) throw new TriplaneError('frame-malformed', `${this.url}: ${method} ${path} did not answer with a JSON object`);
      throw this.#refusal(response, json);
    });
  }

  /** The resource at the path; undefined if the server has no such route. */
  async optional(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      return await this.request('GET', path);
    } catch (error) {
      if (error instanceof InstantAPIError && error.status < 500) return undefined;
      throw error;
    }
  }

  /** The complete text of a response. */
  text(path: string): Promise<string> {
    return this.#repeated(`GET ${path}`, async () => {
      const response = await this.#fetch(this.url + path, 'GET');
      const text = await response.text();
      if (response.ok) return text;
      throw this.#refusal(response, parseJson(text));
    });
  }

  /** Calls `save` with the bytes at a signed URL, to which no token is sent; starts again from the first byte if the connection breaks. */
  download<T>(url: string, save: (bytes: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
    const address = new URL(url, `${this.url}/`).href;
    return this.#repeated(`GET ${address.replace(/\?.*/, '')}`, async () => {
      const response = await fetch(address, { headers: { 'user-agent': userAgent }, signal: this.#config.signal ?? null });
      if (!response.ok || !response.body) throw await storeRefusal(response);
      const bytes = response.body as unknown as AsyncIterable<Uint8Array>;
      return save(response.headers.get('content-encoding') === 'zstd' ? unpacked(bytes) : bytes);
    });
  }

  #fetch(url: string, method: string, body?: unknown): Promise<Response> {
    const headers = {
      authorization: `Bearer ${this.adminToken}`,
      'app-id': this.appId,
      'user-agent': userAgent,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    return fetch(url, { method, headers, signal: this.#config.signal ?? null, ...(body !== undefined && { body: JSON.stringify(body) }) });
  }

  async #repeated<T>(what: string, run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (this.#config.signal?.aborted) throw error;
        const isPassing = !(error instanceof TriplaneError) || (error instanceof InstantAPIError && error.status >= 502);
        if (!isPassing) throw error;
        if (attempt === attempts) throw unreachable(`${this.url}: ${what} failed ${attempts} times`, error);
        await this.#config.wait(Math.min(longestPauseMs, 500 * 2 ** (attempt - 1)));
      }
    }
  }

  #refusal({ status, statusText }: Response, json: unknown): TriplaneError {
    const body = isObject(json) ? json : { message: `${status} ${statusText}` };
    const error = new InstantAPIError({ status, body });
    const hint = isObject(body.hint) ? body.hint : {};
    const isToken =
      status === 401 ||
      body.type === 'admin-token-mismatch' ||
      (body.type === 'record-not-found' && tokenFaults.has(hint['record-type'])) ||
      (body.type === 'validation-failed' && hint['data-type'] === 'user-role');
    if (!isToken) return error;
    return new TriplaneError('config-invalid', `${this.url} does not accept this admin token for the app ${this.appId}: ${error.message}`, {
      cause: error,
    });
  }
}

export function unreachable(message: string, cause?: unknown): TriplaneError {
  const why = cause instanceof Error ? `: ${causeOf(cause)}` : '';
  return new TriplaneError('unreachable', `${message}${why}. What was copied is kept: add --resume to continue`, { cause });
}

/** Stores explain errors in a short text, for instance that a URL has expired. */
async function storeRefusal(response: Response): Promise<InstantAPIError> {
  const why = (await response.text()).replace(/\s+/g, ' ').trim().slice(0, 300);
  return new InstantAPIError({ status: response.status, body: { message: `${response.status} ${why || response.statusText}` } });
}

/** The message `fetch failed` is useless; its cause is not. */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
