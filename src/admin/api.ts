// One call to the server: its time limit, its signal, and how often it is made. A call is repeated only if it is idempotent and the server
// said that it may succeed later; what the caller cannot see repeated, such as a transaction, is sent once.

import { InstantAPIError, TriplaneError } from '../errors.ts';
import { type HttpCall, request } from '../http/request.ts';
import { onAbort } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { backoffMs, isTransientStatus, maxRetryAfterMs, unreachableBackoff } from '../lib/retry.ts';
import { adminVersions } from './version.ts';
import type { ResolvedConfig } from './config.ts';

/** Options of every call. */
export interface CallOpts {
  /** Aborted, it ends the call: the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How long the call may take in all, retries included. */
  timeoutMs?: number | undefined;
  /** Passed to `fetch`. The SDK's own method, body and headers win. */
  fetchOpts?: RequestInit | undefined;
}

export interface ApiCall extends Omit<HttpCall, 'signal' | 'timeoutMs' | 'init'> {
  /** Whether a second request does no harm and gives the same result. */
  readonly isIdempotent: boolean;
  readonly opts?: CallOpts | null | undefined;
}

/** What a call needs of the configuration: the receiving half of webhooks has no app. */
export type ApiConfig = Pick<ResolvedConfig, 'apiURI' | 'clock' | 'random' | 'retries' | 'timeoutMs' | 'fetch'> & {
  /** Aborted when the database is closed. */
  readonly closing?: AbortSignal | undefined;
};

/**
 * The server's answer.
 *
 * @throws InstantAPIError if the server rejected the call; TriplaneError 'timeout', 'unreachable', 'closed'; the signal's reason
 */
export async function callApi(config: ApiConfig, call: ApiCall): Promise<unknown> {
  const { isIdempotent, opts, headers, ...rest } = call;
  const ending = new AbortController();
  const { signal } = ending;
  const end = (reason: unknown): void => ending.abort(reason);
  const limitMs = opts?.timeoutMs ?? (call.bytes === undefined ? config.timeoutMs : Infinity);
  const timer = timeLimit(config, call, limitMs, end);
  const stops = [opts?.signal, opts?.fetchOpts?.signal ?? undefined, config.closing].map((given) => onAbort(given, end));
  try {
    signal.throwIfAborted();
    const http: HttpCall = { ...rest, headers: { ...adminVersions, ...headers }, init: opts?.fetchOpts, signal, timeoutMs: Infinity };
    return await repeat(config, isIdempotent, signal, () => request(config, http));
  } finally {
    config.clock.clearTimeout(timer);
    for (const stop of stops) stop();
  }
}

function timeLimit(
  { clock, apiURI }: ApiConfig,
  { method, path }: ApiCall,
  ms: number,
  end: (reason: unknown) => void,
): ReturnType<Clock['setTimeout']> | undefined {
  if (!(ms > 0)) throw new TriplaneError('config-invalid', `timeoutMs must be a number of milliseconds above 0, and is ${String(ms)}`);
  if (ms === Infinity) return undefined;
  return clock.setTimeout(() => end(new TriplaneError('timeout', `${method} ${apiURI}${path} was not answered within ${ms} ms`)), ms);
}

async function repeat<T>(config: ApiConfig, isIdempotent: boolean, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await run();
    } catch (error) {
      const waitMs = isIdempotent && failures < config.retries ? retryDelayMs(error, failures, config.random.next()) : undefined;
      if (waitMs === undefined) throw error;
      await pause(config.clock, waitMs, signal);
    }
  }
}

/** The delay before the next attempt; undefined if the call must not be repeated. */
export function retryDelayMs(error: unknown, failures: number, random: number): number | undefined {
  if (!(error instanceof InstantAPIError) || !isTransientStatus(error.status)) return undefined;
  const { retryAfterMs = 0 } = error;
  if (retryAfterMs > maxRetryAfterMs) return undefined;
  return backoffMs(unreachableBackoff, failures, random, retryAfterMs);
}

/** @throws the signal's reason if it is aborted meanwhile */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const timer = clock.setTimeout(end, ms);
  const stop = onAbort(signal, end);
  await ended;
  clock.clearTimeout(timer);
  stop();
  signal.throwIfAborted();
}
