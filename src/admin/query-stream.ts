// One connection of a live query: a POST that is answered with an event stream, read until it ends. Whether it is opened again is decided in
// subscription.ts. PROTOCOL.md#sse-init

import { eventStreamParser } from '../connection/sse/event-stream.ts';
import { InstantAPIError } from '../errors.ts';
import { readErrorBody } from '../http/rejection.ts';
import { onAbort } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { isObject } from '../lib/json.ts';
import { isTransientStatus } from '../lib/retry.ts';

export interface QueryStreamConfig {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  /** Further options for `fetch`. */
  readonly init: RequestInit | undefined;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

export interface QueryStreamEvents {
  /** The server accepted the request, and its event stream begins. */
  opened(): void;
  message(message: Readonly<Record<string, unknown>>): void;
}

/** Why a connection ended. */
export interface StreamEnd {
  readonly error: InstantAPIError;
  /** Whether another attempt can succeed. */
  readonly isFatal: boolean;
}

/** Servers send a comment every 15 seconds; a connection that is silent for three of them is dead. */
const longestSilenceMs = 45_000;

/** Reads one connection to its end. Never rejects; what happens after the signal is aborted means nothing. */
export async function readQueryStream(config: QueryStreamConfig, on: QueryStreamEvents, signal: AbortSignal): Promise<StreamEnd> {
  const { clock } = config;
  const ending = new AbortController();
  const stop = onAbort(signal, (reason) => ending.abort(reason));
  let timer: ReturnType<Clock['setTimeout']> | undefined;
  const heard = (): void => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => ending.abort(new Error(`Nothing was received for ${longestSilenceMs} ms`)), longestSilenceMs);
  };
  try {
    heard();
    return await read(config, on, ending.signal, heard);
  } catch (error) {
    const reason: unknown = ending.signal.aborted ? ending.signal.reason : error;
    return lost(reason instanceof Error ? reason.message : String(reason));
  } finally {
    clock.clearTimeout(timer);
    stop();
    ending.abort();
  }
}

async function read(config: QueryStreamConfig, on: QueryStreamEvents, signal: AbortSignal, heard: () => void): Promise<StreamEnd> {
  const { fetch: send, url, headers, body, init } = config;
  const response = await send(url, { ...init, method: 'POST', headers, body, cache: 'no-store', signal });
  heard();
  if (response.status !== 200 || !response.headers.get('content-type')?.startsWith('text/event-stream')) return rejected(response);
  on.opened();
  const decoder = new TextDecoder();
  const take = eventStreamParser({ event: (data) => messagesIn(data).forEach((message) => on.message(message)), heartbeat: () => {} });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return lost('The event stream ended');
    heard();
    take(decoder.decode(value, { stream: true }));
  }
}

/** What cannot be read as messages is skipped: the next result is complete again. */
function messagesIn(data: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const value: unknown = JSON.parse(data);
    return (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isObject);
  } catch {
    return [];
  }
}

async function rejected(response: Response): Promise<StreamEnd> {
  const { status } = response;
  if (response.ok) {
    void response.body?.cancel().catch(() => {});
    return { error: apiError(status, 'The response is no event stream. Check that apiURI is the address of a server'), isFatal: true };
  }
  const text = await response.text();
  const body = readErrorBody(parse(text), text);
  return { error: new InstantAPIError({ body, status }), isFatal: !isTransientStatus(status) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lost(message: string): StreamEnd {
  return { error: apiError(500, message), isFatal: false };
}

function apiError(status: number, message: string): InstantAPIError {
  return new InstantAPIError({ status, body: { type: undefined, message } });
}
